"""SettlingOrder: the order in which the messages of a FIFO group are settled."""

from pubsub_tasks.inflight.settling_order import SettlingOrder
from tests.inflight.in_flight_messages import make_messages


def joined(*members):
    settling_order = SettlingOrder()
    for member in members:
        settling_order.add(member)
    return settling_order


def test_on_a_standard_queue_all_are_admitted():
    members = make_messages(3)
    settling_order = joined(*members)

    assert all(map(settling_order.admit, members))
    assert not settling_order.has_followers(members[0])
    assert settling_order.truncate(members[0]) == []


def test_the_first_is_admitted_and_each_other_when_all_before_it_are_gone():
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


def test_one_that_does_not_wait_yet_is_not_returned():
    first, second = make_messages(2, group="g")
    settling_order = joined(first, second)

    assert settling_order.remove_head(first) is None
    assert settling_order.admit(second)


def test_those_behind_one_that_comes_again_come_again_as_well():
    first, second, third = make_messages(3, group="g")
    settling_order = joined(first, second, third)
    settling_order.admit(third)

    assert settling_order.truncate(first) == [second, third]

    assert [member.must_return for member in (first, second, third)] == [False, True, True]
    assert settling_order.waiting == 0


def test_one_that_comes_again_from_the_middle_is_not_to_be_deleted_either():
    first, second, third = make_messages(3, group="g")
    settling_order = joined(first, second, third)

    assert settling_order.truncate(second) == [third]

    assert [member.must_return for member in (first, second, third)] == [False, True, True]
    assert settling_order.admit(first)
    assert not settling_order.has_followers(first)
