"""Serves the dashboard with uvicorn, in this thread or in another. Imported on use, since it is an extra."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from types import FrameType

import uvicorn

from ...errors import ConfigurationError
from ...lifecycle import forks
from ...telemetry.health_server import resolve_address
from ...untrusted.addresses import strip_brackets
from ..poller import Poller
from .access import Access
from .web_app import make_web_app

GRACE = 1
"""Seconds that open requests may take when the server ends."""


class DashboardServer(uvicorn.Server):
    """Serves until `should_exit` is set or a signal arrives."""

    def __init__(self, poller: Poller, access: Access, host: str, port: int) -> None:
        """Bind the port; 0 means any free one. Raises ConfigurationError if it cannot be bound."""
        super().__init__(
            uvicorn.Config(
                make_web_app(poller, access),
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._poller = poller
        self.socket = _bind(host, port)
        self.port: int = self.socket.getsockname()[1]

    def listen(self) -> None:
        """Serve and poll in the current thread until stopped."""
        with self.socket, self._poller.running():
            self.run(sockets=[self.socket])

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        """Serve and poll in another thread while the block runs."""
        thread = Thread(target=self.listen, name="pubsub-dashboard", daemon=True)
        thread.start()
        try:
            with forks.calling_in_child(self.socket.close):
                yield
        finally:
            self.should_exit = True
            thread.join(GRACE + 4)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on a signal, without raising it again afterwards as uvicorn does."""
        self.should_exit = True


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, address = resolve_address(strip_brackets(host), port)
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--host {host}: {error}") from error
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except (OSError, OverflowError) as error:
        bound.close()
        raise ConfigurationError(
            f"port {port} of {host} cannot be used ({error}): choose another --port, or 0 for any free one"
        ) from error
    return bound
