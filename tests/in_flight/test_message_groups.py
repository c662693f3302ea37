"""GroupOrder: one head for each group, and nothing starts past a removed item."""

import pytest

from pubsub_tasks.in_flight.message_groups import GroupOrder


def lined_up(*items, group="g"):
    group_order = GroupOrder()
    for item in items:
        group_order.add(group, item)
    return group_order


def test_the_first_of_a_group_is_its_head_and_the_others_follow():
    group_order = GroupOrder()

    assert [group_order.add("g", item) for item in "abc"] == [True, False, False]
    assert group_order.add("another", "x")


def test_the_next_item_is_the_head_when_the_head_is_removed():
    group_order = lined_up("a", "b")

    assert group_order.remove_head("g", "a") == "b"
    assert group_order.remove_head("g", "b") is None


def test_an_empty_group_starts_again():
    group_order = lined_up("a")
    group_order.remove_head("g", "a")

    assert group_order.add("g", "b")


def test_only_the_head_can_be_removed():
    group_order = lined_up("a", "b")

    assert group_order.remove_head("g", "b") is None
    assert group_order.remove_head("g", "a") == "b"
    assert group_order.remove_head("nobody", "a") is None


def test_followers_are_removed_in_order():
    group_order = lined_up("a", "b", "c", "d")

    assert group_order.remove_followers("g", "b") == ["c", "d"]
    assert group_order.remove_followers("g", "b") == []
    assert group_order.remove_head("g", "a") == "b"


def test_an_unknown_item_has_no_followers():
    assert lined_up("a").remove_followers("g", "z") == []
    assert GroupOrder().remove_followers("g", "z") == []


def test_only_the_last_item_can_be_removed_without_its_followers():
    group_order = lined_up("a", "b")

    with pytest.raises(ValueError, match="other items are behind 'a' in group 'g'; remove them first"):
        group_order.remove_last("g", "a")
    group_order.remove_last("g", "b")
    group_order.remove_last("g", "a")
    assert group_order.add("g", "c")
