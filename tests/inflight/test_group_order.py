"""GroupOrder: one head a group, and nobody steps over a gap."""

import pytest

from pubsub_tasks.inflight.group_order import GroupOrder


def lined_up(*items, group="g"):
    group_order = GroupOrder()
    for item in items:
        group_order.add(group, item)
    return group_order


def test_the_first_of_a_group_may_start_and_the_others_stand_behind_it():
    group_order = GroupOrder()

    assert [group_order.add("g", item) for item in "abc"] == [True, False, False]
    assert group_order.add("another", "x")


def test_when_the_head_leaves_the_next_may_start():
    group_order = lined_up("a", "b")

    assert group_order.remove_head("g", "a") == "b"
    assert group_order.remove_head("g", "b") is None


def test_a_group_that_is_done_begins_anew():
    group_order = lined_up("a")
    group_order.remove_head("g", "a")

    assert group_order.add("g", "b")


def test_only_the_head_can_leave():
    group_order = lined_up("a", "b")

    assert group_order.remove_head("g", "b") is None
    assert group_order.remove_head("g", "a") == "b"
    assert group_order.remove_head("nobody", "a") is None


def test_those_behind_one_are_cut_in_order():
    group_order = lined_up("a", "b", "c", "d")

    assert group_order.remove_followers("g", "b") == ["c", "d"]
    assert group_order.remove_followers("g", "b") == []
    assert group_order.remove_head("g", "a") == "b"


def test_behind_one_that_is_not_there_stands_nobody():
    assert lined_up("a").remove_followers("g", "z") == []
    assert GroupOrder().remove_followers("g", "z") == []


def test_the_last_may_be_cut_and_no_other():
    group_order = lined_up("a", "b")

    with pytest.raises(ValueError, match="other items are behind 'a' in group 'g'; remove them first"):
        group_order.remove_last("g", "a")
    group_order.remove_last("g", "b")
    group_order.remove_last("g", "a")
    assert group_order.add("g", "c")
