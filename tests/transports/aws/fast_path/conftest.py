"""A service that sends prepared bytes, whatever HTTP says of them."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from tests.transports.conftest import certificate

CLOSE = b""
"""Sent by a service that closes the connection."""

Step = bytes | Callable[[], object]


def plain(body: bytes = b"{}", status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def receives(text: str) -> bytes:
    """A received message with this body."""
    return plain(b'{"Messages": [{"MessageId": "1", "ReceiptHandle": "h", "Body": "%s"}]}' % text.encode())


@dataclass
class RawService:
    """Answers each request with the next prepared steps, which are sent or called, or else with `{}`.

    Attributes:
        calls: for each request, the number of its connection.
        by_botocore: for each request, whether botocore made it.
    """

    url: str = ""
    tls: ssl.SSLContext | None = None
    calls: list[int] = field(default_factory=list)
    by_botocore: list[bool] = field(default_factory=list)
    _answers: list[tuple[Step, ...]] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)

    def will_send(self, *steps: Step) -> None:
        self._answers.append(steps)

    def transport(self, **settings: Any) -> AwsTransport:
        return AwsTransport(ClientSettings(**{"endpoint_url": self.url, "attempts": 1, **settings}))

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets.append(accepted)
                Thread(target=self._speak, args=(accepted, len(self._sockets)), daemon=True).start()

    def close_all(self) -> None:
        """Close all connections."""
        for each in self._sockets:
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def send_unasked(self, data: bytes) -> None:
        """Send on the latest connection."""
        self._sockets[-1].sendall(data)

    def _speak(self, accepted: socket.socket, number: int) -> None:
        with suppress(OSError):
            if self.tls is not None:
                accepted = self._sockets[number - 1] = self.tls.wrap_socket(accepted, server_side=True)
            with accepted:
                self._answer(accepted, number)

    def _answer(self, accepted: socket.socket, number: int) -> None:
        while (head := _request(accepted)) is not None:
            self.calls.append(number)
            self.by_botocore.append(b"amz-sdk-invocation-id" in head.lower())
            for step in self._answers.pop(0) if self._answers else (plain(),):
                if callable(step):
                    step()
                elif step == CLOSE:
                    return
                else:
                    accepted.sendall(step)


def _request(accepted: socket.socket) -> bytes | None:
    """The head of the next request, whose body was read too."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = accepted.recv(65_536)
        if not data:
            return None
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += accepted.recv(65_536)
    return head


@pytest.fixture
def service(
    request: pytest.FixtureRequest, credentials: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RawService]:
    """A service that speaks `http` or, if a test asks for it, `https` by a certificate that clients trust."""
    scheme = getattr(request, "param", "http")
    tls = None
    if scheme == "https":
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate(tmp_path / "certificate.pem"))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = RawService(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", tls)
        thread = Thread(target=made.serve, args=(listener,))
        thread.start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)
        made.close_all()
        thread.join()
