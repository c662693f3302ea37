"""Signature Version 4 of a POST request to `/` without a query. No I/O; `now` is a parameter.

Source: IAM user guide, "Create a signed AWS API request". The tests compare it with botocore's signer.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import NamedTuple

SIGNED = ("content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target")
"""Headers that are signed if present, in the order that the signature requires."""


class Keys(NamedTuple):
    """Credentials, as botocore's `get_frozen_credentials` returns them."""

    access_key: str
    secret_key: str
    token: str | None


class Scope(NamedTuple):
    """The region and service of a signature."""

    region: str
    service: str


def sign(headers: dict[str, str], body: bytes, scope: Scope, keys: Keys, now: datetime) -> dict[str, str]:
    """The headers with those of the signature added. Names must be in lower case; `now` is UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {**headers, "x-amz-date": stamp}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    names = [name for name in SIGNED if name in headers]
    canonical = "".join([f"{name}:{headers[name]}\n" for name in names])
    listed = ";".join(names)
    request = f"POST\n/\n\n{canonical}\n{listed}\n{sha256(body).hexdigest()}"
    day = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{day}\n{sha256(request.encode()).hexdigest()}"
    signature = digest(_key(keys.secret_key, day), text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{day}, SignedHeaders={listed}, Signature={signature}"
    )
    return headers


@lru_cache(maxsize=8)
def _key(secret: str, day: str) -> bytes:
    """The signing key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in day.split("/"):
        key = digest(key, part.encode(), "sha256")
    return key
