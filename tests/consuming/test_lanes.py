"""Lanes: one head a group, and nobody steps over a gap."""

import pytest

from pubsub_tasks.consuming.lanes import Lanes


def lined_up(*items, group="g"):
    lanes = Lanes()
    for item in items:
        lanes.join(group, item)
    return lanes


def test_the_first_of_a_group_may_start_and_the_others_stand_behind_it():
    lanes = Lanes()

    assert [lanes.join("g", item) for item in "abc"] == [True, False, False]
    assert lanes.join("another", "x")


def test_when_the_head_leaves_the_next_may_start():
    lanes = lined_up("a", "b")

    assert lanes.leave("g", "a") == "b"
    assert lanes.leave("g", "b") is None


def test_a_group_that_is_done_begins_anew():
    lanes = lined_up("a")
    lanes.leave("g", "a")

    assert lanes.join("g", "b")


def test_only_the_head_can_leave():
    lanes = lined_up("a", "b")

    assert lanes.leave("g", "b") is None
    assert lanes.leave("g", "a") == "b"
    assert lanes.leave("nobody", "a") is None


def test_those_behind_one_are_cut_in_order():
    lanes = lined_up("a", "b", "c", "d")

    assert lanes.cut_behind("g", "b") == ["c", "d"]
    assert lanes.cut_behind("g", "b") == []
    assert lanes.leave("g", "a") == "b"


def test_behind_one_that_is_not_there_stands_nobody():
    assert lined_up("a").cut_behind("g", "z") == []
    assert Lanes().cut_behind("g", "z") == []


def test_the_last_may_be_cut_and_no_other():
    lanes = lined_up("a", "b")

    with pytest.raises(ValueError, match="others stand behind it in group 'g'"):
        lanes.cut("g", "a")
    lanes.cut("g", "b")
    lanes.cut("g", "a")
    assert lanes.join("g", "c")
