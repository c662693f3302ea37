"""A response is read whole or not at all, however the service sends it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from itertools import pairwise
from threading import Thread
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.transports.aws.fast_path.connection import Connection, Response
from pubsub_tasks.transports.aws.fast_path.response_head import MAX_HEAD, UntrustedResponse

REQUEST = b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
BODY = b'{"Messages": []}\r\n\r\n'
PLAIN = HEAD % len(BODY) + BODY


@contextmanager
def connected() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection and the service at its other end, which keeps the packets apart that it sends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(30)
        yield Connection(SimpleNamespace(sock=ours, close=ours.close)), theirs


def exchange(*packets: bytes, ends: bool = True) -> Response:
    """The response that is sent in these packets."""
    with connected() as (connection, service):
        for packet in packets:
            service.send(packet)
        if ends:
            service.shutdown(socket.SHUT_WR)
        return connection.exchange(REQUEST)


def cut(data: bytes, at: set[int]) -> list[bytes]:
    places = [0, *sorted(place for place in at if 0 < place < len(data)), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def test_head_and_body_are_sent_in_one_packet() -> None:
    with connected() as (connection, service):
        service.send(PLAIN)
        connection.exchange(REQUEST)

        assert service.recv(1_000) == REQUEST


@given(st.sets(st.integers(1, len(PLAIN) - 1), max_size=8) | st.just(set(range(len(PLAIN)))))
def test_a_response_is_the_same_in_any_packets(places: set[int]) -> None:
    response = exchange(*cut(PLAIN, places), ends=False)

    assert (response.status, response.body, response.plain, response.reusable) == (200, BODY, True, True)
    assert response.headers["content-type"] == "application/x-amz-json-1.0"


@pytest.mark.parametrize("end", range(1, len(PLAIN)))
def test_a_truncated_response_is_no_response(end: int) -> None:
    with pytest.raises(ConnectionResetError):
        exchange(PLAIN[:end])


@given(st.binary(min_size=1, max_size=30), st.sets(st.integers(1, len(PLAIN) + 30), max_size=4))
def test_surplus_bytes_are_noticed_with_the_response_or_before_the_next(
    surplus: bytes, places: set[int]
) -> None:
    packets = cut(PLAIN + surplus, places)
    with connected() as (connection, service):
        for packet in packets:
            service.send(packet)
        try:
            response = connection.exchange(REQUEST)
        except UntrustedResponse:
            return

        assert response.body == BODY
        assert not connection.is_usable


def test_a_connection_on_which_nothing_arrived_is_usable() -> None:
    with connected() as (connection, service):
        service.send(PLAIN)
        connection.exchange(REQUEST)
        assert connection.is_usable

        service.close()
        assert not connection.is_usable


def test_a_closed_connection_is_not_usable() -> None:
    with connected() as (connection, _):
        connection.close()
        assert not connection.is_usable


@pytest.mark.parametrize("step", [1_000, MAX_HEAD, MAX_HEAD + 100])
def test_a_head_without_an_end_is_refused(step: int) -> None:
    endless = b"HTTP/1.1 200 OK\r\nx: " + b"y" * (MAX_HEAD + 1)
    with pytest.raises(UntrustedResponse, match="more than 16,384 bytes"):
        exchange(*cut(endless, set(range(0, len(endless), step))), ends=False)


def test_a_service_that_closes_after_a_response_is_believed() -> None:
    response = exchange(PLAIN.replace(b"200 OK", b"200 OK\r\nConnection: close"))

    assert (response.body, response.plain, response.reusable) == (BODY, True, False)


@pytest.mark.parametrize(
    "unusual",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%b\r\n6;x=y\r\n%b\r\n0\r\n\r\n"
        % (b"hello", b" world"),
        b"HTTP/1.1 200 OK\r\n\r\nhello world",
        b"HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    ],
    ids=["chunked", "until the end of the connection", "HTTP/1.0", "100-continue"],
)
@given(data=st.data())
def test_an_unusual_response_is_read_once_and_ends_the_connection(
    unusual: bytes, data: st.DataObject
) -> None:
    places = data.draw(st.sets(st.integers(1, len(unusual) - 1), max_size=6))

    response = exchange(*cut(unusual, places))

    assert (response.status, response.body) == (200, b"hello world")
    assert (response.plain, response.reusable) == (False, False)


@pytest.mark.parametrize(
    "truncated",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nnonsense\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\nhello",
    ],
)
def test_an_unusual_response_that_is_truncated_is_no_response(truncated: bytes) -> None:
    with pytest.raises((HTTPException, OSError)):
        exchange(truncated)


@given(st.binary(max_size=80).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest) | st.binary(max_size=80))
def test_whatever_the_service_sends_the_call_ends(nonsense: bytes) -> None:
    try:
        response = exchange(*filter(None, [nonsense]))
    except (OSError, HTTPException, UntrustedResponse):
        return
    assert not response.plain or nonsense.endswith(response.body)


def test_a_response_sent_before_the_request_was_read_is_believed_once() -> None:
    # A server may refuse a large request, and close without reading it
    with connected() as (connection, service):
        service.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        service.close()

        response = connection.exchange(REQUEST)

    assert (response.status, response.reusable) == (413, False)


def test_a_service_that_says_nothing_times_out() -> None:
    with connected() as (connection, _):
        connection._sock.settimeout(0.01)
        with pytest.raises(TimeoutError):
            connection.exchange(REQUEST)


def test_large_responses_are_read_in_many_pieces() -> None:
    body = os.urandom(300_000)
    packets = cut(HEAD % len(body) + body, set(range(0, 300_000, 9_999)))
    with connected() as (connection, service):
        sending = Thread(target=lambda: [service.send(packet) for packet in packets])
        sending.start()

        assert connection.exchange(REQUEST).body == body
        sending.join()
