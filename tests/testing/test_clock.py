"""Time that passes when a test says so."""

import pytest

from pubsub_tasks.testing.clock import VirtualClock


def test_time_stands_still_until_it_is_moved() -> None:
    clock = VirtualClock(start=100.0)

    assert clock() == clock() == 100.0
    assert clock.advance(2.5) == 102.5
    assert clock() == 102.5


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="-1"):
        VirtualClock().advance(-1)
