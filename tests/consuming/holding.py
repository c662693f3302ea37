"""Deliveries in hand, as tests need them: with a name, a group, and a lease that began at a given time."""

from pubsub_tasks.consuming.held import Held, Kind
from pubsub_tasks.consuming.leases import Hold
from pubsub_tasks.delivery import Delivery
from pubsub_tasks.wire import Record


def held(name="m", *, group=None, kind=Kind.THREAD, received_at=0.0, lease=30.0, attempt=1):
    hold = Hold(received_at, lease, lambda: received_at)
    record = Record("{}", name, name, attempt, group_id=group)
    return Held(Delivery(record, name, "a/b", {}, {}, attempt, 0.0, {}, lease=hold), hold, kind, group)


def several(count, **terms):
    return [held(f"m{number}", **terms) for number in range(count)]
