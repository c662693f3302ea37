"""Deliveries in hand, as tests need them: with a name, a group, and a lease that began at a given time."""

from pubsub_tasks.inflight.in_flight_message import InFlightMessage, SlotKind
from pubsub_tasks.inflight.leases import VisibilityLease
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.wire.records import Record


def held(name="m", *, group=None, kind=SlotKind.THREAD, received_at=0.0, lease=30.0, attempt=1):
    hold = VisibilityLease(received_at, lease, lambda: received_at)
    record = Record("{}", name, name, attempt, group_id=group)
    return InFlightMessage(
        Delivery(record, name, "a/b", {}, {}, attempt, 0.0, {}, lease=hold), hold, kind, group
    )


def several(count, **terms):
    return [held(f"m{number}", **terms) for number in range(count)]
