"""SettlingOrder: the order in which the messages of a FIFO group are settled."""

from pubsub_tasks.in_flight.settling_order import SettlingOrder
from tests.in_flight.in_flight_messages import make_messages


def joined(*members):
    settling_order = SettlingOrder()
    for member in members:
        settling_order.add(member)
    return settling_order


def test_every_message_of_a_standard_queue_is_admitted():
    members = make_messages(3)
    settling_order = joined(*members)

    assert all(map(settling_order.admit, members))
    assert not settling_order.has_followers(members[0])
    assert settling_order.truncate(members[0]) == []


def test_a_message_is_admitted_when_all_before_it_are_removed():
    first, second, third = make_messages(3, group="g")
    settling_order = joined(first, second, third)

    assert settling_order.admit(first)
    assert not settling_order.admit(third)
    assert not settling_order.admit(second)
    assert settling_order.waiting == 2

    assert settling_order.remove_head(first) is second
    assert settling_order.remove_head(second) is third
    assert settling_order.remove_head(third) is None
    assert settling_order.waiting == 0


def test_the_next_message_is_returned_only_if_it_waits_to_be_settled():
    first, second = make_messages(2, group="g")
    settling_order = joined(first, second)

    assert settling_order.remove_head(first) is None
    assert settling_order.admit(second)


def test_messages_behind_one_that_returns_must_return_as_well():
    first, second, third = make_messages(3, group="g")
    settling_order = joined(first, second, third)
    settling_order.admit(third)

    assert settling_order.truncate(first) == [second, third]

    assert [member.must_return for member in (first, second, third)] == [False, True, True]
    assert settling_order.waiting == 0


def test_a_message_that_returns_from_the_middle_of_its_group_must_not_be_deleted():
    first, second, third = make_messages(3, group="g")
    settling_order = joined(first, second, third)

    assert settling_order.truncate(second) == [third]

    assert [member.must_return for member in (first, second, third)] == [False, True, True]
    assert settling_order.admit(first)
    assert not settling_order.has_followers(first)
