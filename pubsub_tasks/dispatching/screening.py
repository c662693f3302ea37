"""Screening: what becomes of a delivery for which no handler need be called. Pure."""

from typing import TypedDict

from ..errors import Expired
from ..messages.delivery import Delivery
from ..messages.headers import hops_left
from ..messages.message import EXPIRES
from ..verdicts import DeadLetter, Postpone, Retry, Verdict
from ..wire.records import MAX_VISIBILITY

FIRST_KEPT = 60.0
"""Seconds for which a message that cannot be read stays on a queue without a dead-letter queue at first."""

_NOT_READ = frozenset({"unknown", "undecodable", "invalid", "confirmation"})


class AttemptCount(TypedDict):
    """What a retry policy is told of a delivery."""

    attempt: int
    first_received_at: float
    now: float


def tried(delivery: Delivery, now: float) -> AttemptCount:
    """A record that does not tell its first receive was received just now."""
    first = max(delivery.record.first_received_at or now, delivery.not_before)
    return {"attempt": delivery.attempt, "first_received_at": min(first, now), "now": now}


def early(delivery: Delivery, now: float) -> Postpone:
    """Of one that is not due yet."""
    return Postpone(min(delivery.not_before - now, MAX_VISIBILITY))


def outdated(delivery: Delivery, now: float) -> Verdict | None:
    """Of one that led to too many others, or that its sender did not wish to be handled so late."""
    if hops_left(delivery.headers) <= 0:
        return DeadLetter("hops", Expired("published, handled and published again too many times: a loop?"))
    try:
        late = now - float(delivery.headers.get(EXPIRES, "inf"))
    except ValueError:
        return None
    return DeadLetter("expired", Expired(f"expired {late:.0f} s ago")) if late > 0 else None


def kept(delivery: Delivery, verdict: DeadLetter, *, fifo: bool) -> Retry:
    """What becomes of a dead letter where there is no dead-letter queue: it stays until there is one, or
    until retention ends it.

    What this app cannot read may be meant for another one, so it is hidden for a minute at first, and for
    twice as long with each receive. Whatever else, and all on a FIFO queue, is hidden for the longest
    there is.
    """
    if fifo or verdict.reason not in _NOT_READ:
        return Retry(MAX_VISIBILITY, verdict.error)
    seconds = FIRST_KEPT * 2.0 ** min(max(delivery.receives - 1, 0), 10)
    return Retry(min(seconds, MAX_VISIBILITY), verdict.error)
