"""When a worker process that ended is started again."""

import pytest

from pubsub_tasks.processes.restarts import BAD_INPUT, CRASHED, CUT, DONE, STEADY, WORN, Restarts


@pytest.mark.parametrize("code", [DONE, BAD_INPUT])
def test_one_that_is_done_and_one_that_cannot_start_are_left_alone(code: int) -> None:
    assert Restarts().ended(code, lived=1000) is None


def test_one_that_is_worn_is_started_at_once_and_never_given_up() -> None:
    restarts = Restarts()

    assert {restarts.ended(WORN, lived=10) for _ in range(1000)} == {0.0}


def test_one_that_is_worn_before_it_did_anything_does_not_spin() -> None:
    assert Restarts().ended(WORN, lived=0.2) == 1.0


@pytest.mark.parametrize("code", [CUT, CRASHED, -9, -11])
def test_crashes_at_the_start_are_given_room_and_then_up(code: int) -> None:
    restarts = Restarts()

    assert [restarts.ended(code, lived=0.5) for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 16.0, None]


def test_a_crash_after_a_good_while_is_the_first_again() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.ended(CRASHED, lived=0.5)

    assert restarts.ended(CRASHED, lived=STEADY) == 1.0
    assert restarts.ended(CRASHED, lived=0.5) == 2.0
