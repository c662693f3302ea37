"""Health: a small HTTP server for those who ask whether a worker is well. It is given the answers.

/healthz   200 while it lives: if not, it had better be killed
/readyz    200 while it receives
/status    what it does, as JSON
"""

import json
import logging
import socket
import socketserver
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from ..errors import ConfigurationError
from ..lifecycle import forks
from ..untrusted.addresses import authority, strip_brackets

logger = logging.getLogger(__name__)

Answer = Callable[[], tuple[bool, Any]]
"""Whether all is well, and what to say of it in JSON."""

PATHS = ("/healthz", "/readyz", "/status")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, answers: Mapping[str, Answer]) -> None:
        """Raises OSError and ValueError where the address cannot be resolved or bound."""
        self.address_family, address = _resolved(strip_brackets(host), port)
        super().__init__(address, _Handler)
        self.answers = answers

    def server_bind(self) -> None:
        if self.address_family is socket.AF_INET6 and self.server_address[0] == "::":
            # All addresses are meant, and probes may come by IPv4.
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)  # HTTPServer's own asks DNS for its name
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "pubsub-tasks"
    sys_version = ""

    def do_GET(self) -> None:
        answer = self.server.answers.get(self.path.partition("?")[0])
        if answer is None:
            self._say(404, {"there is": sorted(self.server.answers)})
            return
        well, said = answer()
        self._say(200 if well else 503, said)

    def _say(self, code: int, said: Any) -> None:
        body = json.dumps(said, indent=2, default=str).encode() + b"\n"
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Probes come every few seconds; nobody wants to read of them."""


@contextmanager
def health(host: str, port: int, answers: Mapping[str, Answer]) -> Iterator[int]:
    """Serve in this block; gives the port, which is a free one for 0.

    Raises ConfigurationError where the address cannot be had.
    """
    try:
        server = _Server(host, port, answers)
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigurationError(f"--health-port {port}: cannot listen on {host}: {error}") from error
    thread = Thread(target=server.serve_forever, args=(0.1,), name="pubsub-health", daemon=True)
    thread.start()
    logger.info("health: http://%s%s", authority(host, server.server_port), PATHS[-1])
    try:
        with forks.calling_in_child(server.socket.close):
            yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """The family and address to bind; IPv4 where a name has both, as probes of `localhost` expect."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda each: each[0] is not socket.AF_INET)
    return family, address
