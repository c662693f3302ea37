"""FastPath: one try of a call without the machinery of botocore, which costs more than all else here.

boto3's first call is watched. Later ones of the same client go where that went, signed for what that was
signed for, by the same pool of connections: its TLS, its time-outs. Whatever is no plain success is given to
boto3 as the first try of its own call: it knows what errors mean, and when to try again. All calls are
boto3's until a first one was watched.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, Full
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from urllib3.exceptions import TimeoutError

from .first_try import FirstTry
from .hot_calls import HotCall
from .sigv4 import Scope, signed

logger = logging.getLogger(__name__)

OK = 200

_PORTS = {"http": 80, "https": 443}
_OF_EVERY_CALL = frozenset(
    {
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "content-length",
        "content-type",
        "user-agent",
        "x-amz-target",
        "x-amzn-query-mode",
    }
)
"""Headers that botocore sends anyway; others, such as a trace in Lambda, are for it to send each time."""


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """How a call was made, and so how to make others."""

    dialect: HotCall
    pool: Any
    headers: dict[str, str]
    target: str
    scope: Scope

    @classmethod
    def of(cls, dialect: HotCall, client: Any, request: Any, scope: Scope) -> Self | None:
        """Of botocore's client and of its request that is about to be signed; None for what is not so plain.

        Where the connections are is botocore's own affair: where it changes, boto3 makes every call.
        """
        url, session = urlsplit(request.url), client._endpoint.http_session
        told = {name.lower(): value for name, value in request.headers.items()}
        known = told["content-type"].startswith(dialect.content_type) and told.keys() <= _OF_EVERY_CALL
        plain = url.path == "/" and not url.query and "@" not in url.netloc
        if not (known and plain) or session._proxy_config.proxy_url_for(request.url):
            return None
        pool = session._manager.connection_from_url(request.url)
        headers = {"content-type": told["content-type"], "user-agent": told["user-agent"], "host": _host(url)}
        return cls(dialect, pool, headers, told.get("x-amz-target", "").rpartition(".")[0], scope)

    @property
    def open(self) -> bool:
        """Whether botocore made a call by it, rather than somebody who answers in its place, as moto may."""
        return bool(self.pool.num_requests)

    def request(self, action: str, params: dict[str, Any], keys: Any) -> tuple[bytes, dict[str, str]]:
        """Body and headers."""
        body = self.dialect.write(action, params)
        target = {"x-amz-target": f"{self.target}.{action}"} if self.target else {}
        return body, signed({**self.headers, **target}, body, self.scope, keys, datetime.now(UTC))

    def send(self, body: bytes, headers: dict[str, str]) -> Any:
        return self.pool.urlopen("POST", "/", body, headers, retries=False, assert_same_host=False)


class FastPath:
    """The fast path of one client, whose credentials these are. Safe to share between threads."""

    def __init__(self, client: Any, credentials: Any, dialect: HotCall) -> None:
        self._client = client
        self._credentials = credentials
        self._service = client.meta.service_model.service_name
        self._dialect = dialect
        self._line: _Endpoint | None = None
        self._first_try = FirstTry(client, self._service)
        client.meta.events.register(f"before-sign.{self._service}", self._watch)

    def call(self, action: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """What boto3 would answer, or None: then boto3 is to make the call, and `forget` to follow.

        A request that was sent and not answered well is the first try of boto3's call.
        """
        if self._line is None or action not in self._dialect.actions:
            return None
        try:
            if not self._line.open:
                return None
            request = self._line.request(action, params, self._credentials.get_frozen_credentials())
        except Exception as error:
            logger.debug("%s is left to boto3: %s", action, error)
            return None
        return self._tried(self._line, action, request)

    def forget(self) -> None:
        """boto3's call is over, whether it used the first try or not."""
        self._first_try.forget()

    def _tried(
        self, line: _Endpoint, action: str, request: tuple[bytes, dict[str, str]]
    ) -> dict[str, Any] | None:
        try:
            answer = line.send(*request)
            if answer.status == OK:
                return self._dialect.read(answer.data)
        except Exception as error:
            logger.debug("%s is left to boto3: %s", action, error)
            self._first_try.failed(error)
            if isinstance(error, TimeoutError):
                _close_idle(line.pool)
        else:
            self._first_try.answered(answer.status, answer.headers, answer.data)
        return None

    def _watch(self, request: Any, signature_version: str, region_name: str, **_: Any) -> None:
        if self._line is not None or signature_version != "v4":
            return
        signing = request.context.get("signing", {})
        scope = Scope(signing.get("region", region_name), signing.get("signing_name", self._service))
        try:
            self._line = _Endpoint.of(self._dialect, self._client, request, scope)
        except Exception as error:  # botocore's insides are others one day, and its own call must not fail
            logger.debug("calls are left to boto3: %r", error)


def _close_idle(pool: Any) -> None:
    """What made one connection go silent may have taken the others: boto3's try is to open a new one."""
    idle = []
    with suppress(Empty):
        for _ in range(pool.pool.maxsize):
            idle.append(pool.pool.get(block=False))
    for connection in idle:
        if connection is not None:
            connection.close()  # it opens anew when it is used
        with suppress(Full):
            pool.pool.put(connection, block=False)


def _host(url: SplitResult) -> str:
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if url.port in (None, _PORTS[url.scheme]) else f"{host}:{url.port}"
