"""Runs the local broker over HTTP: in the current thread, in another thread, or in a process of its own."""

import importlib
import socket
import subprocess
import sys
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from ..errors import ConfigurationError, MissingExtra
from .asgi_app import BrokerApp
from .rules.broker import Broker

REGION = "us-east-1"
ACCOUNT = "000000000000"
HOST = "127.0.0.1"

TIMEOUT = 5.0
"""Seconds to wait for a server to start, and for its process to end before it is killed."""


def serve(port: int, on_ready: Callable[[str], None], *, region: str = REGION, delay_ms: float = 0.0) -> None:
    """Serve in the current thread until SIGINT or SIGTERM; `on_ready` is called with the URL.

    Raises ConfigurationError if the port is in use, MissingExtra without uvicorn.
    """
    listener = _listener(port, region, delay_ms, lambda: on_ready(listener.url))
    listener.listen()


def is_free(port: int) -> bool:
    """Whether a server can listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class LocalServer:
    """A server in a thread, for the duration of a `with` block.

    Attributes:
        url: for `AWS_ENDPOINT_URL`, such as `http://127.0.0.1:40123`.
    """

    def __init__(self, port: int = 0, *, region: str = REGION, delay_ms: float = 0.0) -> None:
        """Raises ConfigurationError if the port is in use, MissingExtra without uvicorn."""
        self._ready = Event()
        self._listener = _listener(port, region, delay_ms, self._ready.set)
        self._thread = Thread(target=self._listener.listen, name="pubsub-broker", daemon=True)
        self.url: str = self._listener.url

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(TIMEOUT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.should_exit = True
        self._thread.join()


class ServerProcess:
    """A server in a process of its own, which ends when it is stopped or its parent process ends.

    Attributes:
        url: for `AWS_ENDPOINT_URL`.
    """

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self._process = process
        self.url = url

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def stop(self) -> None:
        """End the process; its queues and messages are lost."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def start_process(port: int = 0, *, region: str = REGION, delay_ms: float = 0.0) -> ServerProcess:
    """Start a server in a process of its own, and wait until it listens.

    Raises ConfigurationError with its output if it does not start.
    """
    arguments = ["--port", str(port), "--region", region, "--delay-ms", str(delay_ms)]
    # The process ends at the end of its standard input, a pipe from this process. It has its own session, so
    # that it survives a Ctrl-C in the terminal: a worker that drains on that signal still needs the broker.
    process = subprocess.Popen(
        [sys.executable, "-m", f"{__package__}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line.startswith("http://"):
        process.communicate()
        raise ConfigurationError(f"the local broker did not start: {line or 'see its message above'}")
    return ServerProcess(process, line)


def _listener(port: int, region: str, delay_ms: float, on_ready: Callable[[], None]) -> Any:
    broker = Broker(region, ACCOUNT)
    app = BrokerApp(broker, delay=delay_ms / 1000)
    try:
        module = importlib.import_module("pubsub_tasks.local.listener")
    except ModuleNotFoundError as error:
        raise MissingExtra("the local broker", "local") from error
    listener = module.Listener(app, port, on_ready)
    broker.endpoint = listener.url
    return listener
