"""The local broker as a process: prints its URL, then serves until SIGTERM or the end of standard input."""

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
    Thread(target=_stop_with_parent, daemon=True).start()
    try:
        serve(arguments.port, _print_url, region=arguments.region, delay_ms=arguments.delay_ms)
    except PubSubTasksError as error:
        sys.exit(str(error))


def _print_url(url: str) -> None:
    print(url, flush=True)


def _stop_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
