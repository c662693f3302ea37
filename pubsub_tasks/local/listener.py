"""Serves the local broker with uvicorn on 127.0.0.1. Imported on use, since uvicorn is an extra."""

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from ..errors import ConfigurationError
from .asgi_app import BrokerApp

HOST = "127.0.0.1"

KEEP_ALIVE = 75
"""Seconds until an idle connection is closed: longer than a long poll, so that SDKs can reuse it."""


class Listener(uvicorn.Server):
    """Serves until `should_exit` is set or a signal arrives. Calls `on_ready` once it accepts connections."""

    def __init__(self, app: BrokerApp, port: int, on_ready: Callable[[], None]) -> None:
        """Bind the port; 0 means any free one. Raises ConfigurationError if it cannot be bound."""
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                loop="asyncio",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=KEEP_ALIVE,
            )
        )
        self.socket = _bind(port)
        self._app = app
        self._on_ready = on_ready

    @property
    def url(self) -> str:
        """The endpoint URL, for `AWS_ENDPOINT_URL`."""
        return f"http://{HOST}:{self.socket.getsockname()[1]}"

    def listen(self) -> None:
        """Serve in the current thread until stopped."""
        with self.socket:
            self.run(sockets=[self.socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.close()  # or shutdown would wait for open polls
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on a signal, without raising it again afterwards as uvicorn does."""
        self.should_exit = True


def _bind(port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only if the protocol is given, and a response is two writes.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        raise ConfigurationError(
            f"port {port} of {HOST} cannot be used ({error.strerror}): choose another, or 0 for any free one"
        ) from error
    return bound
