"""Status: what a worker does at this moment, in JSON's types. Pure: it reads what is in hand."""

from collections.abc import Iterable
from typing import Any

from ..inflight.in_flight import InFlight
from ..inflight.in_flight_message import InFlightMessage, SlotKind
from ..untrusted.printable import LONGEST_ID, cut
from .counters import Counters


def in_hand(inflight: InFlight, running: Iterable[InFlightMessage], now: float) -> dict[str, Any]:
    """What is in hand: those that run one by one, the longest first, and the others by number."""
    told = sorted((_running(held, now) for held in running), key=lambda each: -float(each["seconds"]))
    buffered = sum(inflight.ready(kind) for kind in SlotKind)
    return {
        "running": told,
        "buffered": buffered,
        "waiting_in_hand": inflight.waiting,  # behind others of their group, or for their next try
        "settling": len(inflight) - len(told) - buffered - inflight.waiting,
    }


def _running(held: InFlightMessage, now: float) -> dict[str, Any]:
    return {
        "task": held.task,
        "message_id": cut(held.delivery.id, LONGEST_ID),
        "attempt": held.delivery.attempt,
        "seconds": round(now - held.started_at, 3),
        "lease_left": round(held.lease.remaining_at(now), 3),
        "lost": held.lease.lost,
    }


def counts(counters: Counters) -> dict[str, Any]:
    """What was done since the start."""
    return {
        "received": counters.received,
        "acked": counters.acked,
        "skipped": counters.skipped,
        "retried": counters.retried,
        "dead_lettered": dict(counters.dead_lettered),
        "dropped": counters.dropped,
        "released": counters.released,
        "lost": counters.lost,
    }
