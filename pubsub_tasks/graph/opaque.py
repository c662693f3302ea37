"""Carries microcosm's opaque context, such as request id and user, in the headers of messages.

Published messages carry the values of `graph.opaque`; while a message is handled, `graph.opaque` has the
message's headers.
"""

from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Protocol

from ..messages.headers import current_headers
from ..messages.publish_options import PublishOptions
from ..tasks.middleware import Next

_NOTHING: Mapping[str, str] = {}


class Opaque(Protocol):
    """The part of microcosm's opaque that is used: its values, and a context manager that sets them."""

    def as_dict(self) -> MutableMapping[str, Any]: ...

    @property
    def initialize(self) -> Callable[..., AbstractContextManager[None]]: ...


class OpaqueHeaders:
    """Middleware that carries an opaque context in message headers."""

    def __init__(self, opaque: Opaque) -> None:
        self._opaque = opaque
        self._inbound: ContextVar[Mapping[str, str]] = ContextVar("pubsub_tasks_inbound", default=_NOTHING)

    def added(self, options: PublishOptions) -> PublishOptions:
        """The options with the opaque values as headers, except those that are propagated anyway."""
        inbound = self._inbound.get()
        own = {
            name: str(value)
            for name, value in self._opaque.as_dict().items()
            if value is not None and inbound.get(name) != value
        }
        return replace(options, headers={**own, **options.headers}) if own else options

    def handle(self, call_next: Next, context: Any) -> Any:
        """Middleware for `def` tasks: sets the message's headers as the opaque context."""
        token = self._inbound.set(current_headers())
        try:
            with self._opaque.initialize(current_headers):
                return call_next(context)
        finally:
            self._inbound.reset(token)

    async def ahandle(self, call_next: Next, context: Any) -> Any:
        """Middleware for `async def` tasks: the same as `handle`."""
        token = self._inbound.set(current_headers())
        try:
            with self._opaque.initialize(current_headers):
                return await call_next(context)
        finally:
            self._inbound.reset(token)
