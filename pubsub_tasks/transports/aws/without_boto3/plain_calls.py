"""Makes the hot calls as environment variables say, so that a worker starts before boto3 is loaded.

Every call that is not plainly a success is left to boto3, which makes it anew; the caller uses boto3 alone
from then on.
"""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore

from ....lifecycle import forks
from ..client_settings import USER_AGENT, ClientSettings
from ..fast_path.connection_pool import connection_pool
from ..fast_path.connection_stack import ConnectionStack
from ..fast_path.endpoint import Endpoint, headers_by_action
from ..fast_path.hot_calls import HOT_CALLS
from ..fast_path.sigv4 import Keys, Scope
from .container_keys import ContainerKeys
from .plain_access import FILES, KeyServer, PlainAccess, plain_access

logger = logging.getLogger(__name__)

OK = 200

_HEADERS = {
    "sqs": ("application/x-amz-json-1.0", "AmazonSQS"),
    "sns": ("application/x-www-form-urlencoded; charset=utf-8", ""),
}
"""Content type and target by service, as botocore sends them."""

WATCHERS = frozenset({"botocore.client", "ddtrace", "newrelic", "wrapt"})
"""Modules that show that something may watch boto3's calls: the one that makes its clients, which libraries
patch, and those by which tracing waits for it to be imported.
"""


class _Route(NamedTuple):
    endpoint: Endpoint
    keys: Callable[[], Keys]


class PlainCalls:
    """The calls of one transport. Safe to share between threads."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._routes: dict[tuple[str, str | None, float, int], _Route | None] = {}
        self._container_keys: dict[int, ContainerKeys] = {}  # a fork fetches its own
        self._off = False

    def call(
        self, service: str, region: str | None, timeout: float, action: str, params: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Make a call and return its response in boto3's shape, or None if boto3 must make it.

        Raises CallInterrupted.
        """
        is_hot = action in HOT_CALLS[service].actions and not self._off
        route = self._route(service, region, timeout) if is_hot else None
        if route is None:
            return None
        try:
            response = route.endpoint.connections.send(route.endpoint.request(action, params, route.keys()))
            if response.status == OK:
                self._off |= not response.plain  # such as a chunked one: boto3 keeps the connection
                return route.endpoint.hot_calls.read(response.body)
        except Exception as error:
            logger.debug("%s is left to boto3: %s", action, error)
        else:
            logger.debug("%s is left to boto3, after HTTP status %s", action, response.status)
        return None

    def origin(self, service: str, region: str | None) -> str | None:
        """Where requests go: scheme, host and port. None if boto3 must make them."""
        access = self._access(service, region)
        return access.origin if access else None

    def _route(self, service: str, region: str | None, timeout: float) -> _Route | None:
        key = (service, region, timeout, forks.generation)  # a fork makes its own connections
        if key not in self._routes:
            with forks.blocked():
                self._routes[key] = self._routes.get(key) or self._find_route(service, region, timeout)
        return self._routes[key]

    def _find_route(self, service: str, region: str | None, timeout: float) -> _Route | None:
        access = self._access(service, region)
        try:
            return access and self._make(service, access, timeout)
        except Exception as error:  # no keys of the container, for one
            logger.debug("calls are left to boto3: %r", error)
            return None

    def _access(self, service: str, region: str | None) -> PlainAccess | None:
        settings = self._settings
        if not settings.fast_path or settings.validate or settings.profile or _has_other_sources():
            return None
        return plain_access(service, region or settings.region, settings.endpoint_url, os.environ)

    def _make(self, service: str, access: PlainAccess, timeout: float) -> _Route:
        pool = connection_pool(
            access.origin,
            access.ca_bundle,
            self._settings.connect_timeout_of(timeout),
            timeout,
            self._settings.max_pool_connections,
        )
        hot_calls, (content_type, target) = HOT_CALLS[service], _HEADERS[service]
        agent = f"{USER_AGENT} Botocore/{botocore.__version__}"  # as a boto3 client has it
        headers = headers_by_action(hot_calls, urlsplit(access.origin), content_type, agent, target)
        scope = Scope(access.region, service)
        endpoint = Endpoint(hot_calls, pool, ConnectionStack(pool), headers, scope)
        return _Route(endpoint, self._keys(access.keys))

    def _keys(self, source: Keys | KeyServer) -> Callable[[], Keys]:
        if isinstance(source, Keys):
            return lambda: source
        fetched = self._container_keys.get(forks.generation) or ContainerKeys(source)
        self._container_keys = {forks.generation: fetched}
        return fetched.current


def _has_other_sources() -> bool:
    """Whether this process has more that botocore listens to than environment variables."""
    return (
        not WATCHERS.isdisjoint(sys.modules)
        or sys.platform in ("darwin", "win32")  # which have settings for proxies
        or any(os.path.exists(os.path.expanduser(file)) for file in FILES)
    )
