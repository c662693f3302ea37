"""Listener: a app on a socket of 127.0.0.1, served by uvicorn, which is an extra: import it when needed."""

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from ..errors import ConfigurationError
from .asgi_app import BrokerApp

HOST = "127.0.0.1"

KEEP_ALIVE = 75
"""Seconds that an idle connection stands: longer than a long poll, so that SDKs can pool."""


class Listener(uvicorn.Server):
    """Serves until `should_exit` is set or a signal comes; `on_ready` is called once it listens."""

    def __init__(self, app: BrokerApp, port: int, on_ready: Callable[[], None]) -> None:
        """Binds the port at once; 0 for any free one. Raises ConfigurationError where it is taken."""
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
        self.socket = _bound(port)
        self._app = app
        self._on_ready = on_ready

    @property
    def url(self) -> str:
        """Where SDKs find it: for `AWS_ENDPOINT_URL`."""
        return f"http://{HOST}:{self.socket.getsockname()[1]}"

    def listen(self) -> None:
        """Serve, in this thread, until told to end."""
        with self.socket:
            self.run(sockets=[self.socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.close()  # else an open poll would be waited for
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal ends the serving, and is not raised once more after it."""
        self.should_exit = True


def _bound(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off where the protocol is named, and an answer is two writes.
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
