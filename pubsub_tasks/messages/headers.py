"""Flow: which headers a message carries, and which flow on from one to the next. Told ids and the time.

A handler's publishes carry on the headers of the message that it handles, and so does whatever runs inside
`headers(...)`. What belongs to one message alone never flows on: its id, when it was published, its receipt.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token

from .message import EXPIRES, HOPS, INITIAL_HOPS, MESSAGE_ID, NOT_BEFORE, PUBLISHED, REQUEST_ID

_OWN = frozenset({MESSAGE_ID, PUBLISHED, NOT_BEFORE, EXPIRES, "receipt_handle", "message_id", "uri"})

_current: ContextVar[Mapping[str, str]] = ContextVar("pubsub_tasks_headers")
_NONE: Mapping[str, str] = {}


def current_headers() -> Mapping[str, str]:
    """The headers that whatever is published now would carry on."""
    return _current.get(_NONE)


@contextmanager
def headers(given: Mapping[str, str] | None = None, /, **named: str) -> Iterator[None]:
    """Let all that is published in this block, and in what it calls, carry these headers as well."""
    token = _current.set({**current_headers(), **(given or {}), **named})
    try:
        yield
    finally:
        _current.reset(token)


def begin_handling(inbound: Mapping[str, str]) -> Token[Mapping[str, str]]:
    """From here on, publishes follow from a message with these headers; undo it with `end_handling`."""
    flowing = {name: value for name, value in inbound.items() if name not in _OWN}
    flowing[HOPS] = str(hops_left(inbound) - 1)
    return _current.set(flowing)


def end_handling(token: Token[Mapping[str, str]]) -> None:
    """The handler is done."""
    _current.reset(token)


def hops_left(inbound: Mapping[str, str]) -> int:
    """How many more times a message with these headers may lead to another."""
    try:
        return int(inbound.get(HOPS, INITIAL_HOPS))
    except ValueError:
        return INITIAL_HOPS


def outbound_headers(
    given: Mapping[str, str], *, message_id: str, request_id: str, now: float
) -> dict[str, str]:
    """All headers of a message published now (epoch seconds): what flows on, what is given, and its own."""
    told = {REQUEST_ID: request_id, HOPS: str(INITIAL_HOPS), **current_headers(), **given}
    return {**told, PUBLISHED: f"{now:.6f}", MESSAGE_ID: message_id}
