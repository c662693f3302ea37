"""Groups: the order in which the messages of a FIFO group are settled."""

from pubsub_tasks.inflight.settling_order import Groups
from tests.inflight.holding import several


def joined(*members):
    groups = Groups()
    for member in members:
        groups.join(member)
    return groups


def test_on_a_standard_queue_all_are_admitted():
    members = several(3)
    groups = joined(*members)

    assert all(map(groups.admits, members))
    assert not groups.has_followers(members[0])
    assert groups.cut(members[0]) == []


def test_the_first_is_admitted_and_each_other_when_all_before_it_are_gone():
    first, second, third = several(3, group="g")
    groups = joined(first, second, third)

    assert groups.admits(first)
    assert not groups.admits(third)
    assert not groups.admits(second)
    assert groups.waiting == 2

    assert groups.leave(first) is second
    assert groups.leave(second) is third
    assert groups.leave(third) is None
    assert groups.waiting == 0


def test_one_that_does_not_wait_yet_is_not_returned():
    first, second = several(2, group="g")
    groups = joined(first, second)

    assert groups.leave(first) is None
    assert groups.admits(second)


def test_those_behind_one_that_comes_again_come_again_as_well():
    first, second, third = several(3, group="g")
    groups = joined(first, second, third)
    groups.admits(third)

    assert groups.cut(first) == [second, third]

    assert [member.returns for member in (first, second, third)] == [False, True, True]
    assert groups.waiting == 0


def test_one_that_comes_again_from_the_middle_is_not_to_be_deleted_either():
    first, second, third = several(3, group="g")
    groups = joined(first, second, third)

    assert groups.cut(second) == [third]

    assert [member.returns for member in (first, second, third)] == [False, True, True]
    assert groups.admits(first)
    assert not groups.has_followers(first)
