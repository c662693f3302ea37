"""One HTTP/1.1 connection, which carries one call at a time.

A request is sent as one piece, and its response is read to the last byte of its content length. Anything that
is not such a response ends the connection, so that no byte of it is read as part of a later response.
"""

import os
import socket
from contextlib import suppress
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from typing import Any, NamedTuple
from weakref import WeakSet

from urllib3.util import wait_for_read

from .response_head import MAX_HEAD, UntrustedResponse, parse_head

_READ = 65_536
"""Bytes; more than a TLS record, so that a read leaves nothing of it in the TLS layer."""


class Response(NamedTuple):
    """A complete response.

    Attributes:
        headers: by name in lower case.
        plain: whether it has a content length, and is the only thing that was received.
        reusable: whether the connection can carry another call.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    plain: bool
    reusable: bool


class Connection:
    """A connection that urllib3 opened.

    Between calls, the service has nothing to say: a connection that can be read then was closed, or has
    surplus bytes of an earlier response, and is not usable.
    """

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        self._sock: socket.socket = opened.sock
        _open.add(self)

    @property
    def is_usable(self) -> bool:
        return self._sock.fileno() >= 0 and not wait_for_read(self._sock, 0)

    def exchange(self, request: bytes) -> Response:
        """Send a request and read its response.

        After an exception, close the connection. Raises OSError, of which TimeoutError if the service sends
        nothing for the read timeout, HTTPException and UntrustedResponse.
        """
        reusable = True
        try:
            self._sock.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            reusable = False  # the service may have sent a response, and closed without reading everything
        received = self._receive()
        while (end := received.find(b"\r\n\r\n")) < 0:
            if len(received) > MAX_HEAD:
                raise UntrustedResponse(f"the response has a head of more than {MAX_HEAD:,} bytes")
            received += self._receive()
        head = parse_head(received[:end])
        if head.length is None:
            return _read_unusual(self._sock, received)
        body = self._complete(received[end + 4 :], head.length)
        return Response(head.status, head.headers, body, True, reusable and head.reusable)

    def shut_down(self) -> None:
        """End an exchange of another thread, which then raises."""
        # Not the method of an SSL socket, which drops the TLS session that the other thread reads from.
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        self._opened.close()

    def _receive(self) -> bytes:
        received = self._sock.recv(_READ)
        if not received:
            raise ConnectionResetError("the service closed the connection before its response was complete")
        return received

    def _complete(self, body: bytes, length: int) -> bytes:
        if len(body) < length:
            parts, missing = [body], length - len(body)
            while missing > 0:
                parts.append(self._receive())
                missing -= len(parts[-1])
            body = b"".join(parts)
        if len(body) > length:
            raise UntrustedResponse("the service sent more than one response")
        return body


def _read_unusual(sock: socket.socket, received: bytes) -> Response:
    """Read a response that is not plain, such as a chunked one, by Python's HTTP client."""
    with HTTPResponse(_Unread(sock, received), method="POST") as response:  # type: ignore[arg-type]
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, headers, response.read(), plain=False, reusable=False)


class _Unread(RawIOBase):
    """A socket with its received bytes put back; has what HTTPResponse uses of a socket."""

    def __init__(self, sock: socket.socket, received: bytes) -> None:
        self._sock, self._received = sock, received

    def makefile(self, mode: str) -> BufferedReader:
        return BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._received:
            return self._sock.recv_into(buffer)
        size = min(len(buffer), len(self._received))
        buffer[:size], self._received = self._received[:size], self._received[size:]
        return size


_open: WeakSet[Connection] = WeakSet()


def _close_all() -> None:
    """Close all connections in a forked child: they belong to the parent, also in the middle of a call."""
    for connection in list(_open):
        connection.close()


os.register_at_fork(after_in_child=_close_all)
