"""SigV4: the signature of a POST whose path is `/` and which has no query. Pure: it is told the time.

Source: IAM user guide, "Create a signed AWS API request". botocore's own signer judges it in the tests.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import NamedTuple

SIGNED = ("content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target")
"""Headers that are signed, those of them that are there, in the order in which they must be told."""


class Keys(NamedTuple):
    """Credentials, as botocore freezes them."""

    access_key: str
    secret_key: str
    token: str | None


class Scope(NamedTuple):
    """What a signature is good for, beside its day."""

    region: str
    service: str


def signed(headers: dict[str, str], body: bytes, scope: Scope, keys: Keys, now: datetime) -> dict[str, str]:
    """These headers, whose names are in lower case, and those that sign them and the body. `now` is UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {**headers, "x-amz-date": stamp}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    names = [name for name in SIGNED if name in headers]
    told = "".join([f"{name}:{headers[name]}\n" for name in names])
    listed = ";".join(names)
    request = f"POST\n/\n\n{told}\n{listed}\n{sha256(body).hexdigest()}"
    day = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{day}\n{sha256(request.encode()).hexdigest()}"
    signature = digest(_key(keys.secret_key, day), text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{day}, SignedHeaders={listed}, Signature={signature}"
    )
    return headers


@lru_cache(maxsize=8)
def _key(secret: str, day: str) -> bytes:
    """Good for one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in day.split("/"):
        key = digest(key, part.encode(), "sha256")
    return key
