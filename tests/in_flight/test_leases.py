"""Leases: which to extend, when and by how much, and which have expired."""

import gc
import weakref

from pubsub_tasks.in_flight.in_flight_message import InFlightMessage
from pubsub_tasks.in_flight.leases import CAP_MARGIN, Leases, VisibilityLease
from pubsub_tasks.wire.records import MAX_VISIBILITY
from tests.in_flight.in_flight_messages import make_message, make_messages


def keeping(*members, visibility=30):
    leases = Leases(visibility)
    leases.watch(list(members), 0.0)
    return leases


def test_a_lease_is_extended_at_half_its_length():
    member = make_message()
    leases = keeping(member)

    assert leases.wake_at() == 15.0
    assert leases.due(14.9) == ([], [])
    assert leases.due(15.0) == ([(member, 30)], [])
    assert member.extending


def test_an_extension_includes_leases_that_are_due_soon():
    early, soon, late = make_message(), make_message(), make_message()
    leases = Leases(30)
    for member, now in ((early, 0.0), (soon, 4.0), (late, 10.0)):
        member.lease.until = now + 30
        leases.watch([member], now)

    extensions, _ = leases.due(15.0)

    assert [member for member, _ in extensions] == [early, soon]


def test_a_lease_is_not_extended_twice_at_the_same_time():
    member = make_message()
    leases = keeping(member)
    leases.due(15.0)

    assert leases.due(29.0) == ([], [])
    assert leases.due(30.0) == ([], [member])


class Watched(InFlightMessage):
    __slots__ = ("__weakref__",)


def test_a_forgotten_member_is_neither_extended_nor_kept_in_memory():
    members = [Watched(each.delivery, each.lease, each.kind, None) for each in make_messages(10)]
    leases = keeping(*members)
    gone = [weakref.ref(member) for member in members]

    for member in members:
        leases.forget(member)
    del members, member
    gc.collect()

    assert [each() for each in gone] == [None] * 10
    assert leases.wake_at() is None
    assert leases.due(20.0) == ([], [])


def test_a_message_that_is_being_settled_is_not_extended_until_that_failed():
    member = make_message()
    leases = keeping(member)
    member.command_sent = True
    assert leases.due(16.0) == ([], [])

    member.command_sent = False
    leases.resume(member, 20.0)

    assert leases.wake_at() == 20.0
    assert leases.due(20.0) == ([(member, 30)], [])


def test_a_lost_lease_is_reported_once_and_never_extended():
    member = make_message()
    leases = keeping(member)

    leases.mark_lost(member)
    leases.mark_lost(member)
    leases.resume(member, 1.0)

    assert leases.wake_at() == 0.0
    assert leases.take_lost() == [member]
    assert leases.take_lost() == []
    assert leases.due(40.0) == ([], [])


def test_the_last_extension_ends_before_twelve_hours():
    # Given a lease that was extended for almost twelve hours
    member = make_message(visibility=MAX_VISIBILITY - 100)
    leases = Leases(600)
    leases.watch_at([member], MAX_VISIBILITY - 300)

    # When it is extended once more
    assert leases.due(MAX_VISIBILITY - 200) == ([(member, 190)], [])
    member.lease.until = MAX_VISIBILITY - 10.0
    member.extending = False
    leases.watch([member], MAX_VISIBILITY - 200)

    # Then that was the last extension, and the lease expires after it
    assert leases.wake_at() == member.lease.until
    assert leases.due(MAX_VISIBILITY - 60) == ([], [])
    assert leases.due(member.lease.until) == ([], [member])


def test_a_lease_has_its_remaining_time_and_its_longest_extension():
    times = [100.0]
    lease = VisibilityLease(100.0, 30.0, lambda: times[0])

    assert lease.remaining() == 30
    assert lease.longest_extension(100.0) == MAX_VISIBILITY - CAP_MARGIN

    times[0] = 140.5
    assert lease.remaining() == 0
    assert lease.longest_extension(140.5) == MAX_VISIBILITY - CAP_MARGIN - 41
    assert lease.longest_extension(1e9) == 0
