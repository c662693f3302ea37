"""Whether and when a worker process that ended is restarted."""

import pytest

from pubsub_tasks.processes.exit_codes import BAD_INPUT, CRASHED, INCOMPLETE, RECYCLE, SUCCESS
from pubsub_tasks.processes.restarts import STEADY, Restarts


@pytest.mark.parametrize("code", [SUCCESS, BAD_INPUT])
def test_a_process_that_succeeded_or_has_bad_input_is_not_restarted(code: int) -> None:
    assert Restarts().delay_after(code, uptime=1000) is None


def test_a_recycled_process_is_restarted_at_once_any_number_of_times() -> None:
    restarts = Restarts()

    assert {restarts.delay_after(RECYCLE, uptime=10) for _ in range(1000)} == {0.0}


def test_a_process_recycled_right_after_its_start_waits_a_second() -> None:
    assert Restarts().delay_after(RECYCLE, uptime=0.2) == 1.0


@pytest.mark.parametrize("code", [INCOMPLETE, CRASHED, -9, -11])
def test_restarts_after_crashes_back_off_and_then_end(code: int) -> None:
    restarts = Restarts()

    assert [restarts.delay_after(code, uptime=0.5) for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 16.0, None]


def test_a_crash_after_a_minute_counts_as_the_first() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.delay_after(CRASHED, uptime=0.5)

    assert restarts.delay_after(CRASHED, uptime=STEADY) == 1.0
    assert restarts.delay_after(CRASHED, uptime=0.5) == 2.0
