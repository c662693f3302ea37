"""The server as a process: it prints its URL and serves until SIGTERM, or until its standard input ends."""

import argparse
import os
import signal
import sys
from threading import Thread

from ..errors import PubSubTasksError
from .server import REGION, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="pubsub_tasks.local")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--region", default=REGION)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    arguments = parser.parse_args()
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        serve(arguments.port, _ready, region=arguments.region, delay_ms=arguments.delay_ms)
    except PubSubTasksError as error:
        sys.exit(str(error))


def _ready(url: str) -> None:
    print(url, flush=True)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
