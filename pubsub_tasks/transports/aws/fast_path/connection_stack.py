"""The connections of one endpoint, opened by a pool of urllib3 and then used without it.

The pool is a boto3 client's or our own, and opens them with its TLS settings, timeouts and socket options.
A response cannot be that of another call: a connection is taken by one call, carries its request alone, and
is put back only after the response was read to its last byte and nothing else was received.
"""

import socket
from contextlib import suppress
from queue import Empty, Full
from typing import Any
from weakref import finalize

from ....lifecycle.interruption import interruption_of_call
from .connection import Connection, Response


class UnknownSocket(Exception):
    """botocore's pool gives something other than a socket, as when tests replace it. Nothing was sent."""


class ConnectionStack:
    """Connections to one endpoint; the one used last is the next in use.

    Safe to share between threads: a call takes a connection and puts it back by one operation of a list.
    """

    def __init__(self, pool: Any) -> None:
        """`pool` is that of a boto3 client that has made a call, or of `connection_pool`."""
        self._pool = pool
        self._limit: int = pool.pool.maxsize
        self._idle: list[Connection] = []
        finalize(self, _close_each, self._idle)

    def send(self, request: bytes) -> Response:
        """Send a request and return its response.

        Raises UnknownSocket, urllib3's exceptions if no connection can be opened, what `Connection.exchange`
        raises, and CallInterrupted.
        """
        interruption = interruption_of_call()
        if interruption is not None:
            interruption.check()
        connection = self._take()
        try:
            if interruption is None:
                response = connection.exchange(request)
            else:
                with interruption.waiting(connection.shut_down):
                    response = connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        # Not within the `try`: an exception of a signal handler must not close a connection put back already.
        if response.reusable and len(self._idle) < self._limit:
            self._idle.append(connection)
        else:
            connection.close()
        return response

    def close_idle(self) -> None:
        """Close idle connections, also those of the pool: after a timeout they may be dead too."""
        _close_each(self._idle)
        idle = []
        with suppress(Empty):
            for _ in range(self._limit):
                idle.append(self._pool.pool.get(block=False))
        for connection in idle:
            if connection is not None:
                connection.close()  # reopened on its next use
            with suppress(Full):
                self._pool.pool.put(connection, block=False)

    def _take(self) -> Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._open()
            if connection.is_usable:
                return connection
            connection.close()

    def _open(self) -> Connection:
        opened, timeout = self._pool._get_conn(), self._pool.timeout
        try:
            if opened.sock is None:
                opened.timeout = timeout.connect_timeout
                opened.connect()
            if not isinstance(opened.sock, socket.socket):
                raise UnknownSocket(f"the connection pool gives {opened.sock!r:.80}, not a socket")
            opened.sock.settimeout(timeout.read_timeout)
        except BaseException:
            opened.close()
            raise
        return Connection(opened)


def _close_each(connections: list[Connection]) -> None:
    with suppress(IndexError):
        while True:
            connections.pop().close()
