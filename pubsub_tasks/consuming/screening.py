"""Screening: what becomes of a delivery for which no handler need be called. Pure."""

from typing import TypedDict

from ..delivery import Delivery
from ..errors import Expired
from ..flow import hops
from ..message import EXPIRES
from ..verdicts import DeadLetter, Hold, Verdict
from ..wire import MAX_VISIBILITY


class Tried(TypedDict):
    """What a retry policy is told of a delivery."""

    attempt: int
    first_received_at: float
    now: float


def tried(delivery: Delivery, now: float) -> Tried:
    """A record that does not tell its first receive was received just now."""
    first = max(delivery.record.first_received_at or now, delivery.not_before)
    return {"attempt": delivery.attempt, "first_received_at": min(first, now), "now": now}


def early(delivery: Delivery, now: float) -> Hold:
    """Of one that is not due yet."""
    return Hold(min(delivery.not_before - now, MAX_VISIBILITY))


def outdated(delivery: Delivery, now: float) -> Verdict | None:
    """Of one that led to too many others, or that its sender did not wish to be handled so late."""
    if hops(delivery.headers) <= 0:
        return DeadLetter("hops", Expired("published, handled and published again too many times: a loop?"))
    try:
        late = now - float(delivery.headers.get(EXPIRES, "inf"))
    except ValueError:
        return None
    return DeadLetter("expired", Expired(f"expired {late:.0f} s ago")) if late > 0 else None
