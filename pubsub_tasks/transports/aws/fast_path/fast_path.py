"""Makes the hot calls without botocore's request machinery, which dominates the CPU cost of a call.

The first call goes through boto3 and is observed. Later calls of the same client use the same endpoint,
signing scope and connection pool, and so the same TLS settings and timeouts. Any result other than a plain
success is passed to boto3 as the first attempt of its own call; boto3 classifies errors and retries.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, Full
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from urllib3.exceptions import TimeoutError

from .first_attempt import FirstAttempt
from .hot_calls import HotCalls
from .sigv4 import Scope, sign

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
"""Headers of an ordinary call.

With any other header, such as a trace in Lambda, botocore makes every call.
"""


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where and how a service is called, as observed from a call that botocore made."""

    hot_calls: HotCalls
    pool: Any
    headers: dict[str, str]
    target: str
    scope: Scope

    @classmethod
    def of(cls, hot_calls: HotCalls, client: Any, request: Any, scope: Scope) -> Self | None:
        """The endpoint of a request that botocore is about to sign.

        Returns None if the request has a proxy, a path, a query, credentials in its URL or unusual headers.
        The connection pool is private to botocore; if its attributes change, boto3 makes every call.
        """
        url, session = urlsplit(request.url), client._endpoint.http_session
        sent = {name.lower(): value for name, value in request.headers.items()}
        known = sent["content-type"].startswith(hot_calls.content_type) and sent.keys() <= _OF_EVERY_CALL
        plain = url.path == "/" and not url.query and "@" not in url.netloc
        if not (known and plain) or session._proxy_config.proxy_url_for(request.url):
            return None
        pool = session._manager.connection_from_url(request.url)
        headers = {"content-type": sent["content-type"], "user-agent": sent["user-agent"], "host": _host(url)}
        return cls(hot_calls, pool, headers, sent.get("x-amz-target", "").rpartition(".")[0], scope)

    @property
    def is_open(self) -> bool:
        """Whether botocore has sent a request over this pool; False if responses are faked, as by moto."""
        return bool(self.pool.num_requests)

    def request(self, action: str, params: dict[str, Any], keys: Any) -> tuple[bytes, dict[str, str]]:
        """Body and signed headers of a call."""
        body = self.hot_calls.write(action, params)
        target = {"x-amz-target": f"{self.target}.{action}"} if self.target else {}
        return body, sign({**self.headers, **target}, body, self.scope, keys, datetime.now(UTC))

    def send(self, body: bytes, headers: dict[str, str]) -> Any:
        return self.pool.urlopen("POST", "/", body, headers, retries=False, assert_same_host=False)


class FastPath:
    """The fast path of one boto3 client, signing with that client's credentials.

    Safe to share between threads.
    """

    def __init__(self, client: Any, credentials: Any, hot_calls: HotCalls) -> None:
        self._client = client
        self._credentials = credentials
        self._service = client.meta.service_model.service_name
        self._hot_calls = hot_calls
        self._endpoint: _Endpoint | None = None
        self._first_attempt = FirstAttempt(client, self._service)
        client.meta.events.register(f"before-sign.{self._service}", self._watch)

    def call(self, action: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """Make a call and return its response in boto3's shape, or None if boto3 must make the call.

        After None, call boto3 and then `forget`. If a request was sent and failed, it counts as the first
        attempt of boto3's call.
        """
        if self._endpoint is None or action not in self._hot_calls.actions:
            return None
        try:
            if not self._endpoint.is_open:
                return None
            request = self._endpoint.request(action, params, self._credentials.get_frozen_credentials())
        except Exception as error:
            logger.debug("%s is left to boto3: %s", action, error)
            return None
        return self._attempt(self._endpoint, action, request)

    def forget(self) -> None:
        """Discard the first attempt, after boto3's call, whether or not it used it."""
        self._first_attempt.forget()

    def _attempt(
        self, endpoint: _Endpoint, action: str, request: tuple[bytes, dict[str, str]]
    ) -> dict[str, Any] | None:
        try:
            answer = endpoint.send(*request)
            if answer.status == OK:
                return self._hot_calls.read(answer.data)
        except Exception as error:
            logger.debug("%s is left to boto3: %s", action, error)
            self._first_attempt.failed(error)
            if isinstance(error, TimeoutError):
                _close_idle(endpoint.pool)
        else:
            self._first_attempt.answered(answer.status, answer.headers, answer.data)
        return None

    def _watch(self, request: Any, signature_version: str, region_name: str, **_: Any) -> None:
        if self._endpoint is not None or signature_version != "v4":
            return
        signing = request.context.get("signing", {})
        scope = Scope(signing.get("region", region_name), signing.get("signing_name", self._service))
        try:
            self._endpoint = _Endpoint.of(self._hot_calls, self._client, request, scope)
        except Exception as error:  # private attributes of botocore may change, and its call must not fail
            logger.debug("calls are left to boto3: %r", error)


def _close_idle(pool: Any) -> None:
    """Close idle connections after a timeout, as they may be dead too; the next attempt opens a new one."""
    idle = []
    with suppress(Empty):
        for _ in range(pool.pool.maxsize):
            idle.append(pool.pool.get(block=False))
    for connection in idle:
        if connection is not None:
            connection.close()  # reopened on its next use
        with suppress(Full):
            pool.pool.put(connection, block=False)


def _host(url: SplitResult) -> str:
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if url.port in (None, _PORTS[url.scheme]) else f"{host}:{url.port}"
