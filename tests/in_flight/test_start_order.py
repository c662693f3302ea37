"""StartOrder: which messages wait, and which start next."""

from pubsub_tasks.in_flight.in_flight_message import SlotKind, State
from pubsub_tasks.in_flight.start_order import StartOrder
from pubsub_tasks.verdicts import Postpone
from tests.in_flight.in_flight_messages import make_message, make_messages


def joined(*members):
    start_order = StartOrder()
    for member in members:
        start_order.add(member)
    return start_order


def taken(start_order, kind=SlotKind.THREAD):
    member = start_order.take(kind)
    if member is not None:
        member.state = State.RUNNING
    return member


def test_messages_of_a_standard_queue_start_in_the_order_received():
    members = make_messages(3)
    start_order = joined(*members)

    assert start_order.ready(SlotKind.THREAD) == 3
    assert [taken(start_order) for _ in range(4)] == [*members, None]
    assert start_order.waiting == 0


def test_each_kind_of_slot_has_its_own_queue():
    thread, coroutine = make_message("t"), make_message("c", kind=SlotKind.COROUTINE)
    start_order = joined(coroutine, thread)

    assert taken(start_order) is thread
    assert taken(start_order) is None
    assert taken(start_order, SlotKind.COROUTINE) is coroutine


def test_one_message_of_a_group_starts_at_a_time():
    first, second, other = (
        make_message("1", group="g"),
        make_message("2", group="g"),
        make_message("3", group="h"),
    )
    start_order = joined(first, second, other)

    assert [taken(start_order) for _ in range(3)] == [first, other, None]
    assert start_order.waiting == 1

    start_order.remove_head(first)
    assert taken(start_order) is second
    assert start_order.waiting == 0


def test_a_parked_head_blocks_its_group_and_starts_again_when_it_is_due():
    first, second = make_messages(2, group="g")
    start_order = joined(first, second)
    start_order.park(taken(start_order), 10.0)

    assert start_order.wake_at() == 10.0
    assert start_order.waiting == 2
    start_order.unpark(9.9)
    assert taken(start_order) is None

    start_order.unpark(10.0)
    assert taken(start_order) is first
    assert first.delivery.attempt == 2
    assert start_order.wake_at() is None


def test_a_head_that_was_parked_because_it_was_not_due_yet_has_made_no_attempt():
    member = make_message(group="g")
    start_order = joined(member)
    taken(start_order).verdict = Postpone(10.0)
    start_order.park(member, 10.0)

    start_order.unpark(10.0)
    assert taken(start_order) is member
    assert member.delivery.attempt == 1


def test_withdrawing_a_message_withdraws_its_followers():
    members = make_messages(3, group="g")
    start_order = joined(*members)

    assert start_order.withdraw(members[1]) == [members[2]]
    assert start_order.waiting == 0

    # And the head has no followers
    start_order.remove_head(taken(start_order))
    assert taken(start_order) is None


def test_a_withdrawn_ready_message_is_not_started():
    members = make_messages(2)
    start_order = joined(*members)

    assert start_order.withdraw(members[0]) == []
    assert [taken(start_order), taken(start_order)] == [members[1], None]


def test_a_withdrawn_parked_message_is_not_started():
    member = make_message(group="g")
    start_order = joined(member)
    start_order.park(taken(start_order), 10.0)

    start_order.withdraw(member)
    member.state = State.CHANGING_VISIBILITY
    start_order.unpark(11.0)

    assert taken(start_order) is None
    assert member.delivery.attempt == 1
    assert start_order.waiting == 0


def test_a_message_that_was_parked_twice_is_started_once():
    member = make_message(group="g")
    start_order = joined(member)
    start_order.park(taken(start_order), 10.0)
    start_order.unpark(10.0)
    start_order.park(taken(start_order), 20.0)
    start_order.unpark(30.0)

    assert [taken(start_order), taken(start_order)] == [member, None]
