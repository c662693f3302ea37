"""Headers of published messages, and which of them a handler's messages inherit from the handled one.

Messages that a handler publishes carry the headers of the message that it handles, and messages published
inside `headers(...)` carry those. Headers that describe a single message, such as its id, are not passed on.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import NamedTuple

from .message import EXPIRES, HOPS, INITIAL_HOPS, MESSAGE_ID, NOT_BEFORE, PUBLISHED, REQUEST_ID

_NOT_PASSED_ON = frozenset(
    {MESSAGE_ID, PUBLISHED, NOT_BEFORE, EXPIRES, "receipt_handle", "message_id", "uri"}
)


class _Inbound(NamedTuple):
    """The headers of the message that is handled, from which those to pass on are made when they are asked
    for: most handlers publish nothing."""

    headers: Mapping[str, str]


HandlingToken = Token[Mapping[str, str] | _Inbound]
"""What `begin_handling` returns."""

_current: ContextVar[Mapping[str, str] | _Inbound] = ContextVar("pubsub_tasks_headers")
_NONE: Mapping[str, str] = {}


def current_headers() -> Mapping[str, str]:
    """Return the headers that a message published now in this thread or coroutine would carry."""
    current = _current.get(_NONE)
    if not isinstance(current, _Inbound):
        return current
    passed_on = {name: value for name, value in current.headers.items() if name not in _NOT_PASSED_ON}
    return {**passed_on, HOPS: str(hops_left(current.headers) - 1)}


@contextmanager
def headers(given: Mapping[str, str] | None = None, /, **named: str) -> Iterator[None]:
    """Add these headers (str to str) to all messages published in this block and in code it calls."""
    token = _current.set({**current_headers(), **(given or {}), **named})
    try:
        yield
    finally:
        _current.reset(token)


def begin_handling(inbound: Mapping[str, str]) -> HandlingToken:
    """Pass on the headers of a handled message, with one hop less, until `end_handling`."""
    return _current.set(_Inbound(inbound))


def end_handling(token: HandlingToken) -> None:
    """Undo `begin_handling`."""
    _current.reset(token)


def hops_left(inbound: Mapping[str, str]) -> int:
    """Return how many messages in succession may still follow from a message with these headers."""
    try:
        return int(inbound.get(HOPS, INITIAL_HOPS))
    except ValueError:
        return INITIAL_HOPS


def outbound_headers(given: Mapping[str, str], request_id: str) -> dict[str, str]:
    """Return the headers of a message that is published now, without its id and time."""
    return {REQUEST_ID: request_id, HOPS: str(INITIAL_HOPS), **current_headers(), **given}
