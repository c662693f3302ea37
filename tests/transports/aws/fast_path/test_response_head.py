"""Heads are parsed as Python's HTTP client does, and what leaves any doubt is refused."""

from contextlib import suppress
from http.client import HTTPResponse
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.transports.aws.fast_path.response_head import Head, UntrustedResponse, parse_head

names = st.text("abcXYZ-019_.!", min_size=1, max_size=12).filter(
    lambda name: name.lower() not in ("content-encoding", "content-length", "transfer-encoding", "connection")
)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *lines]).encode("latin-1")


@given(
    st.integers(200, 599).filter(lambda status: status not in (204, 304)),
    st.dictionaries(names.map(str.lower), values, max_size=5),
    st.integers(0, 1000),
    st.sampled_from(["", "Connection: close", "Connection: keep-alive", "connection: Close, x"]),
)
def test_a_plain_head_is_parsed_as_by_http_client(
    status: int, fields: dict[str, str], length: int, connection: str
) -> None:
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines += [f"Content-Length:\t{length} ", *filter(None, [connection])]
    given = head(*lines, status=f"HTTP/1.1 {status} Reason")

    class Socket:
        def makefile(self, *_: Any) -> BytesIO:
            return BytesIO(given + b"\r\n\r\n")

    theirs = HTTPResponse(Socket())  # type: ignore[arg-type]
    theirs.begin()

    ours = parse_head(given)
    assert (ours.status, ours.length) == (theirs.status, theirs.length) == (status, length)
    assert ours.headers == {name.lower(): value.strip(" \t") for name, value in theirs.getheaders()}
    assert not (ours.reusable and theirs.will_close)


def test_values_of_a_repeated_header_are_joined() -> None:
    assert parse_head(head("A: 1", "Content-Length: 0", "a: 2")) == Head(
        200, {"a": "1, 2", "content-length": "0"}, 0, True
    )


@pytest.mark.parametrize(
    "given",
    [
        head(),
        head("Transfer-Encoding: chunked"),
        head("Content-Length: 5", status="HTTP/1.0 200 OK"),
        head("Content-Length: 5", status="HTTP/1.1 100 Continue"),
        head("Content-Length: 5", status="HTTP/1.1 204 No Content"),
        head("Content-Length: 5", status="HTTP/1.1 304"),
    ],
)
def test_no_length_is_given_for_a_body_that_ends_otherwise(given: bytes) -> None:
    assert parse_head(given).length is None


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"\r\n",
        head("Content-Length: 5", status="HTTP/2 200 OK"),
        head("Content-Length: 5", status="HTTP/1.1 2000 OK"),
        head("Content-Length: 5", status="HTTP/1.1 ²00 OK"),
        head("Content-Length: 5", status="HTTP/1.1  200 OK"),
        head("Content-Length: 5", status="SSH-2.0-OpenSSH_9.6"),
        head("Content-Length: 5", "Content-Length: 6"),
        head("Content-Length: 5", "Content-Length: 5"),
        head("Content-Length: 5, 5"),
        head("Content-Length: +5"),
        head("Content-Length: -5"),
        head("Content-Length: 0x5"),
        head("Content-Length: 5_0"),
        head("Content-Length: ²"),
        head("Content-Length:"),
        head("Content-Length: 123456789"),
        head("Content-Length: 5", "Transfer-Encoding: chunked"),
        head("Content-Length : 5"),
        head("Content-Length: 5", " folded"),
        head("Content-Length: 5", "\tfolded"),
        head("Content-Length: 5", "no colon"),
        head("Content-Length: 5", ": no name"),
        head("Content-Length: 5", "a: b\nContent-Length: 6"),
        head("Content-Length: 5", "a: b\rContent-Length: 6"),
        head("Content-Length: 5", "a: \0"),
        head("Content-Length: 5", "Content-Encoding: gzip"),
    ],
)
def test_a_doubtful_head_is_refused(given: bytes) -> None:
    with pytest.raises(UntrustedResponse):
        parse_head(given)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest))
def test_no_head_raises_anything_else(given: bytes) -> None:
    with suppress(UntrustedResponse):
        parse_head(given)
