"""Detects code that watches or replaces botocore's calls, such as tracing: it expects botocore to make them.

Such code either patches methods of botocore's classes, as tracing libraries do, or registers handlers of a
client's events, as Sentry, moto and botocore's Stubber do.
"""

from functools import partial
from operator import is_
from types import FunctionType
from typing import Any

from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.httpsession import URLLib3Session
from botocore.parsers import ResponseParser
from botocore.signers import RequestSigner

_METHODS: tuple[tuple[type[Any], str], ...] = (
    (BaseClient, "_make_api_call"),
    (Endpoint, "make_request"),
    (Endpoint, "_send"),
    (RequestSigner, "sign"),
    (ResponseParser, "parse"),
    (URLLib3Session, "send"),
)
"""The methods of a call that libraries patch."""

_LOOKUPS = tuple((vars(owner), name) for owner, name in _METHODS)

_EVENTS = (
    "provide-client-params",
    "before-parameter-build",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "response-received",
    "needs-retry",
    "after-call",
    "after-call-error",
)
"""The events of a call. Source: botocore, topic guide "Events"."""

_OURS = ("botocore", "boto3", __name__.partition(".")[0])
"""Packages whose handlers every client of this package has."""

_STUBBER = "botocore.stub"


class Instrumentation:
    """What watches or replaces the calls of one client."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._service: str = client.meta.service_model.service_name
        self._emitter: Any = client.meta.events._emitter
        self._lookups: object = None
        self._handlers: dict[str, list[Any]] = {}
        self._originals: list[Any] = [None] * len(_METHODS)

    def is_active(self, action: str) -> bool:
        """Whether botocore must make this call.

        Raises AttributeError if the attributes that are private to botocore have changed.
        """
        if "_make_api_call" in vars(self._client) or not self._has_original_methods():
            return True
        if self._lookups is not self._emitter._lookup_cache:  # replaced when a handler is registered
            self._handlers, self._lookups = {}, self._emitter._lookup_cache
        if (handlers := self._handlers.get(action)) is None:
            handlers = self._handlers[action] = self._foreign_handlers(action)
        # moto's handler is always there, and is disabled outside of its mocks.
        return any(getattr(handler, "enabled", True) for handler in handlers)

    def _has_original_methods(self) -> bool:
        methods = [attributes.get(name) for attributes, name in _LOOKUPS]
        # Not compared by `==`, which a wrapper may leave to what it wraps.
        if not all(map(is_, methods, self._originals)):
            if not all(map(_is_original, methods)):
                return False
            self._originals = methods
        return True

    def _foreign_handlers(self, action: str) -> list[Any]:
        names = [f"{event}.{self._service}.{action}" for event in _EVENTS]
        return [
            handler
            for name in names
            for handler in self._emitter._handlers.prefix_search(name)
            if not _is_known(handler)
        ]


def _is_original(method: Any) -> bool:
    # Not the method's own `__module__`, which `functools.wraps` copies.
    return type(method) is FunctionType and method.__globals__["__name__"].partition(".")[0] == "botocore"


def _is_known(handler: Any) -> bool:
    while isinstance(handler, partial):
        handler = handler.func
    module = str(getattr(handler, "__module__", ""))
    return module.partition(".")[0] in _OURS and module != _STUBBER
