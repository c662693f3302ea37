"""The status of a worker at this moment, in JSON types."""

from collections.abc import Iterable
from typing import Any

from ..in_flight.in_flight_message import InFlightMessage, SlotKind
from ..in_flight.state_machine import InFlight
from ..untrusted.printable import LONGEST_ID, cut
from .counters import Counters


def in_flight_status(inflight: InFlight, running: Iterable[InFlightMessage], now: float) -> dict[str, Any]:
    """Return each running message, longest first, and how many others are in flight, by state."""
    entries = [_running_entry(message, now) for message in running]
    entries.sort(key=lambda entry: -float(entry["seconds"]))
    buffered = sum(inflight.ready(kind) for kind in SlotKind)
    return {
        "running": entries,
        "buffered": buffered,
        "waiting_in_hand": inflight.waiting,  # for others of their message group, or for a retry
        "settling": len(inflight) - len(entries) - buffered - inflight.waiting,
        "oldest_seconds": round(
            max((now - each.lease.received_at for each in inflight.messages), default=0.0), 3
        ),
    }


def _running_entry(message: InFlightMessage, now: float) -> dict[str, Any]:
    return {
        "task": message.task,
        "message_id": cut(message.delivery.id, LONGEST_ID),
        "attempt": message.delivery.attempt,
        "seconds": round(now - message.started_at, 3),
        "lease_left": round(message.lease.remaining_at(now), 3),
        "lost": message.lease.lost,
    }


def counts(counters: Counters) -> dict[str, Any]:
    """Return the counts since the start."""
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
