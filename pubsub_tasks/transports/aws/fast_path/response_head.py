"""Parses the head of an HTTP/1.1 response. No I/O.

Strict: a head that leaves any doubt about where its response ends is refused. Source: RFC 9112.
"""

from typing import NamedTuple

MAX_HEAD = 16_384
"""Bytes. AWS sends less than 1,024."""

_BODILESS = (204, 304)
_MAX_DIGITS = 8
"""Of a content length; SQS and SNS send less than ten megabytes."""


class UntrustedResponse(Exception):
    """A response that is malformed, or whose bytes may belong to another one. Close its connection."""


class Head(NamedTuple):
    """The head of a response.

    Attributes:
        headers: by name in lower case; values of a repeated name are joined with a comma.
        length: bytes of the body, or None if something other than `content-length` ends it, or if the
            response is informational.
        reusable: whether the connection stays open after the response.
    """

    status: int
    headers: dict[str, str]
    length: int | None
    reusable: bool


def parse_head(head: bytes) -> Head:
    """Parse a head, without the empty line that ends it. Raises UntrustedResponse."""
    status_line, *lines = head.decode("latin-1").split("\r\n")
    version, status, after = status_line[:9], status_line[9:12], status_line[12:13]
    if not (version in ("HTTP/1.1 ", "HTTP/1.0 ") and _is_number(status) and after in ("", " ")):
        raise UntrustedResponse(f"{status_line!r:.80} is not the status line of an HTTP/1.1 response")
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
        raise UntrustedResponse("the response has control characters in its headers")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not (colon and name) or " " in name or "\t" in name:
            raise UntrustedResponse(f"{line!r:.80} is not a header")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    length = _length(version, int(status), headers)
    return Head(int(status), headers, length, headers.get("connection", "keep-alive").lower() == "keep-alive")


def _length(version: str, status: int, headers: dict[str, str]) -> int | None:
    length = headers.get("content-length")
    if "content-encoding" in headers:
        raise UntrustedResponse("the response is compressed, which was not requested")
    if length is not None and (
        "transfer-encoding" in headers or not _is_number(length) or len(length) > _MAX_DIGITS
    ):
        raise UntrustedResponse(f"the response has the content length {length!r:.40}, which is not trusted")
    plain = version == "HTTP/1.1 " and status >= 200 and status not in _BODILESS
    return int(length) if plain and length is not None else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
