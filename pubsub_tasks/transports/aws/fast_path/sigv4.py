"""Signature Version 4 of a POST request to `/` without a query. No I/O; `now` is a parameter.

Everything that does not change from one request to the next is made once for each day. Source: IAM user
guide, "Create a signed AWS API request". The tests compare it with botocore's signer.
"""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import NamedTuple

SIGNED = ("content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target")
"""Headers that are signed if present, in the order that the signature requires."""

Headers = tuple[tuple[str, str], ...]


class Keys(NamedTuple):
    """Credentials, as botocore's `get_frozen_credentials` returns them."""

    access_key: str
    secret_key: str
    token: str | None


class Scope(NamedTuple):
    """The region and service of a signature."""

    region: str
    service: str


class SignedHeads(NamedTuple):
    """The heads of HTTP/1.1 requests with the same headers, signed with the same keys on the same day."""

    head: str
    canonical: tuple[str, str]
    """The canonical request before and after its date, without the hash of the body at its end."""
    scope: str
    key: bytes

    def head_of(self, body: bytes, time: str) -> bytes:
        """The head of a request that is sent at `time`, such as 20261127T063000Z."""
        before, after = self.canonical
        request = f"{before}{time}{after}{sha256(body).hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{time}\n{self.scope}\n{sha256(request.encode()).hexdigest()}"
        signature = digest(self.key, text.encode(), "sha256").hex()
        return f"{self.head}{signature}\r\nx-amz-date: {time}\r\ncontent-length: {len(body)}\r\n\r\n".encode()


def sign(headers: Headers, body: bytes, scope: Scope, keys: Keys, now: float) -> bytes:
    """The head of a request with these headers and those of its signature.

    Names must be in lower case. `now` is in seconds since the epoch. Raises ValueError for a header that
    cannot be sent.
    """
    time = _basic_format(int(now))
    return _signed_heads(headers, scope, keys, time[:8]).head_of(body, time)


@lru_cache(maxsize=8)
def _basic_format(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(maxsize=64)  # one for each action of each client
def _signed_heads(headers: Headers, scope: Scope, keys: Keys, day: str) -> SignedHeads:
    all_headers = {**dict(headers), **({"x-amz-security-token": keys.token} if keys.token else {})}
    names = [name for name in SIGNED if name in all_headers or name == "x-amz-date"]
    canonical = "".join([f"{name}:{all_headers.get(name, '')}\n" for name in names])
    before, date, after = canonical.partition("\nx-amz-date:")
    listed = ";".join(names)
    path = f"{day}/{scope.region}/{scope.service}/aws4_request"
    credential = f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{path}"
    all_headers["authorization"] = f"{credential}, SignedHeaders={listed}, Signature="
    lines = [f"{name}: {value}" for name, value in all_headers.items()]
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise ValueError("a header contains characters that cannot be sent")
    return SignedHeads(
        "\r\n".join(["POST / HTTP/1.1", *lines]),
        (f"POST\n/\n\n{before}{date}", f"{after}\n{listed}\n"),
        path,
        _key(keys.secret_key, path),
    )


def _key(secret: str, path: str) -> bytes:
    """The signing key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in path.split("/"):
        key = digest(key, part.encode(), "sha256")
    return key
