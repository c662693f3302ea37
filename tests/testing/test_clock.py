"""The virtual clock."""

import pytest

from pubsub_tasks.testing.clock import VirtualClock


def test_time_does_not_pass_until_advanced() -> None:
    clock = VirtualClock(start=100.0)

    assert clock() == clock() == 100.0
    assert clock.advance(2.5) == 102.5
    assert clock() == 102.5


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="-1"):
        VirtualClock().advance(-1)


def test_it_is_turned_to_a_moment_but_never_back() -> None:
    clock = VirtualClock(start=100.0)

    clock.advance_to(130.1)
    clock.advance_to(7)

    assert clock() == 130.1
    with pytest.raises(ValueError, match="nan"):
        clock.advance(float("nan"))
