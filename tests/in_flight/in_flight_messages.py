"""Builds in-flight messages for tests, with a group and a lease that starts at a given time."""

from pubsub_tasks.in_flight.in_flight_message import InFlightMessage, SlotKind
from pubsub_tasks.in_flight.leases import VisibilityLease
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.wire.records import Record


def make_message(name="m", *, group=None, kind=SlotKind.THREAD, received_at=0.0, visibility=30.0, attempt=1):
    lease = VisibilityLease(received_at, visibility, lambda: received_at)
    record = Record("{}", name, name, attempt, group_id=group)
    delivery = Delivery(record, name, "a/b", {}, {}, attempt, 0.0, {}, lease=lease)
    return InFlightMessage(delivery, lease, kind, group)


def make_messages(count, **options):
    return [make_message(f"m{number}", **options) for number in range(count)]
