"""Where and how a service is called, as observed from a call that botocore made."""

import time
from typing import Any, NamedTuple, Self
from urllib.parse import SplitResult, urlsplit

from .connection_stack import ConnectionStack
from .hot_calls import HotCalls
from .sigv4 import Headers, Scope, sign

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


class Endpoint(NamedTuple):
    """Signs hot calls for one service in one region, and holds the connections to it."""

    hot_calls: HotCalls
    pool: Any
    connections: ConnectionStack
    headers: dict[str, Headers]
    """By action."""
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
        target = sent.get("x-amz-target", "").rpartition(".")[0]
        headers = headers_by_action(hot_calls, url, sent["content-type"], sent["user-agent"], target)
        return cls(hot_calls, pool, ConnectionStack(pool), headers, scope)

    @property
    def is_open(self) -> bool:
        """Whether botocore has sent a request over its pool; False if responses are faked, as by moto."""
        return bool(self.pool.num_requests)

    def request(self, action: str, params: dict[str, Any], keys: Any) -> bytes:
        """A signed request, with its body."""
        body = self.hot_calls.write(action, params)
        return sign(self.headers[action], body, self.scope, keys, time.time()) + body


def headers_by_action(
    hot_calls: HotCalls, url: SplitResult, content_type: str, user_agent: str, target: str
) -> dict[str, Headers]:
    """The headers of each call that do not change; `target` is the service's name in the JSON protocol."""
    headers = {"content-type": content_type, "user-agent": user_agent}
    headers |= {"host": host_header(url), "accept-encoding": "identity"}
    targets = {
        action: {"x-amz-target": f"{target}.{action}"} if target else {} for action in hot_calls.actions
    }
    return {action: tuple({**headers, **each}.items()) for action, each in targets.items()}


def host_header(url: SplitResult) -> str:
    """The value of the `host` header, which is signed, as botocore sends it."""
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if url.port in (None, _PORTS[url.scheme]) else f"{host}:{url.port}"
