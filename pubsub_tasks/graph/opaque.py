"""Opaque: microcosm's context of request id, user and whatever else, in step with the headers of messages.

What stands in `graph.opaque` goes out with what is published; what comes in with a message stands in it while
the message is handled. Knows the mapping, and not the library that it comes from.
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
    """What is used of microcosm's: a mapping for each context, and a way to fill it for a while."""

    def as_dict(self) -> MutableMapping[str, Any]: ...

    @property
    def initialize(self) -> Callable[..., AbstractContextManager[None]]: ...


class OpaqueHeaders:
    """Keeps one opaque context and the headers of messages in step."""

    def __init__(self, opaque: Opaque) -> None:
        self._opaque = opaque
        self._inbound: ContextVar[Mapping[str, str]] = ContextVar("pubsub_tasks_inbound", default=_NOTHING)

    def added(self, options: PublishOptions) -> PublishOptions:
        """Options with what the opaque context holds beyond the headers that flow on by themselves."""
        inbound = self._inbound.get()
        own = {
            name: str(value)
            for name, value in self._opaque.as_dict().items()
            if value is not None and inbound.get(name) != value
        }
        return replace(options, headers={**own, **options.headers}) if own else options

    def handle(self, call_next: Next, context: Any) -> Any:
        """Middleware for plain tasks: the message's headers stand in the opaque context."""
        token = self._inbound.set(current_headers())
        try:
            with self._opaque.initialize(current_headers):
                return call_next(context)
        finally:
            self._inbound.reset(token)

    async def ahandle(self, call_next: Next, context: Any) -> Any:
        """The same for coroutine tasks."""
        token = self._inbound.set(current_headers())
        try:
            with self._opaque.initialize(current_headers):
                return await call_next(context)
        finally:
            self._inbound.reset(token)
