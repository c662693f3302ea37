"""Keys of a container, as on ECS and EKS: fetched first without botocore, and refreshed by botocore.

botocore's modules for that take longer to import than the keys to fetch, and new keys are valid for hours. So
these are used until botocore would refresh them. From then on botocore does that, by its own rules: before
keys expire, again after a failure, by one thread while the others use the old keys.
"""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ....lifecycle import forks
from ..fast_path.connection_pool import connection_pool
from ..fast_path.connection_stack import ConnectionStack
from ..fast_path.endpoint import host_header
from ..fast_path.sigv4 import Keys
from .plain_access import KeyServer

TIMEOUT = 2.0
"""Seconds to connect, and to wait for the response, as in botocore."""

REFRESHED_BEFORE = timedelta(minutes=15)
"""How long before keys expire botocore starts to refresh them."""

OK = 200


class ContainerKeys:
    """The keys of one process. Safe to share between threads."""

    def __init__(self, server: KeyServer) -> None:
        """Fetch keys. Raises ValueError, KeyError and what a connection raises if that does not succeed."""
        self._fetched = answer = _fetch(server)
        expires = datetime.fromisoformat(answer["Expiration"])
        if expires.tzinfo is None:
            raise ValueError(f"{answer['Expiration']} has no time zone")
        self._keys = Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"])
        self._refreshed_at = (expires - REFRESHED_BEFORE).timestamp()
        self._credentials: Any = None

    def current(self) -> Any:
        """Keys that are valid now. Raises botocore's exceptions if they expire and there are no others."""
        if time.time() < self._refreshed_at:
            return self._keys
        if self._credentials is None:
            with forks.blocked():
                self._credentials = self._credentials or _refreshed_by_botocore(self._fetched)
        return self._credentials.get_frozen_credentials()


def _fetch(server: KeyServer) -> dict[str, str]:
    headers = {"host": host_header(urlsplit(server.origin)), "accept": "application/json"}
    headers["connection"] = "close"
    token = server.token if server.token_file is None else Path(server.token_file).read_text()
    if token is not None:
        if not (token.isascii() and token.isprintable()):
            raise ValueError("the authorization token contains characters that cannot be sent")
        headers["authorization"] = token
    lines = [f"GET {server.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    pool = connection_pool(server.origin, None, TIMEOUT, TIMEOUT, maxsize=1)
    response = ConnectionStack(pool).send("\r\n".join([*lines, "\r\n"]).encode())
    if response.status != OK:
        raise ValueError(f"HTTP status {response.status} for the container's keys")
    answer = json.loads(response.body)
    if not all(isinstance(each, str) for each in answer.values()):
        raise ValueError("the container's keys are malformed")
    return answer  # type: ignore[no-any-return]


def _refreshed_by_botocore(fetched: dict[str, str]) -> Any:
    """botocore's credentials of the container, which begin with keys that were fetched already."""
    from botocore.credentials import ContainerProvider
    from botocore.utils import ContainerMetadataFetcher

    return ContainerProvider(fetcher=_Begun(ContainerMetadataFetcher(), fetched)).load()


class _Begun:
    """A fetcher of botocore's whose first response is given."""

    def __init__(self, fetcher: Any, first: dict[str, str]) -> None:
        self._fetcher = fetcher
        self._first: dict[str, str] | None = first

    def full_url(self, path: str) -> Any:
        return self._fetcher.full_url(path)

    def retrieve_full_uri(self, full_url: str, headers: dict[str, str] | None = None) -> Any:
        first, self._first = self._first, None
        return first or self._fetcher.retrieve_full_uri(full_url, headers=headers)
