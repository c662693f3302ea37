"""A small HTTP server for health checks. Its caller provides the answers.

/healthz   200 if the worker is alive; if not, it should be restarted
/readyz    200 if the worker receives messages
/status    details as JSON
/metrics   metrics as text, if there are any
"""

import json
import socket
import socketserver
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

from ..errors import ConfigurationError
from ..lifecycle import forks
from ..untrusted.addresses import authority, strip_brackets
from ..untrusted.exceptions import SafeLogger, error_class

logger = SafeLogger(__name__)

Answer = Callable[[], tuple[bool, Any]]
"""Returns whether the check passes, and the body of the answer as JSON types."""


class Page(NamedTuple):
    """The body of an answer that is not JSON."""

    content: bytes
    content_type: str


TIMEOUT = 10.0
"""Seconds for which a client may send nothing: each connection has a thread."""

PATHS = ("/healthz", "/readyz", "/status")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, answers: Mapping[str, Answer]) -> None:
        """Raises OSError or ValueError if the address cannot be resolved or bound."""
        self.address_family, address = resolve_address(strip_brackets(host), port)
        super().__init__(address, _Handler)
        self.answers = answers

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone, as a probe that waits no longer does."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            logger.exception("a request to the health server failed")

    def server_bind(self) -> None:
        if self.address_family is socket.AF_INET6 and self.server_address[0] == "::":
            # "::" means all addresses, and probes may use IPv4.
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)  # HTTPServer's own looks up its name in DNS
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT
    server_version = "pubsub-tasks"
    sys_version = ""

    def do_GET(self) -> None:
        answer = self.server.answers.get(self.path.partition("?")[0])
        if answer is None:
            self._respond(404, {"there is": sorted(self.server.answers)})
            return
        try:
            ok, body = answer()
        except Exception as error:
            logger.exception("%s cannot be answered", self.path)
            self._respond(500, f"{error_class(error)}: see the log")
            return
        self._respond(200 if ok else 503, body)

    def _respond(self, code: int, content: Any) -> None:
        page = content if isinstance(content, Page) else _json_page(content)
        self.send_response(code)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.content)))
        self.end_headers()
        self.wfile.write(page.content)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: probes come every few seconds."""


@contextmanager
def health(host: str, port: int, answers: Mapping[str, Answer]) -> Iterator[int]:
    """Serve while the block runs; yields the port, which is a free one if `port` is 0.

    Raises ConfigurationError if the address cannot be bound.
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


def _json_page(content: Any) -> Page:
    return Page(json.dumps(content, indent=2, default=str).encode() + b"\n", "application/json")


def resolve_address(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """The family and address to bind; IPv4 if a name has both, as probes of `localhost` expect."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda each: each[0] is not socket.AF_INET)
    return family, address
