"""Back-off: how long to wait after each failure in a row."""

import ast
from pathlib import Path

import pytest
from tenacity import wait_random_exponential

from pubsub_tasks.batches.backoff import (
    CALLS,
    FOREIGN_QUEUE_POLLS,
    MOVES,
    PROCESS_RESTARTS,
    PUBLISHES,
    UNKNOWN_MESSAGES,
    WORKER_FAULTS,
    Backoff,
)
from tests.sources import House


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        (CALLS, [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]),
        (PUBLISHES, [0.2, 0.4, 0.8, 1.6, 2, 2]),
        (MOVES, [0.5, 1, 2]),
        (PROCESS_RESTARTS, [1, 2, 4, 8, 16, 30, 30]),
        (UNKNOWN_MESSAGES, [30, 60, 120, 240, 480, 900, 900]),
        (WORKER_FAULTS, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]),
        (FOREIGN_QUEUE_POLLS, [1, 2, 4, 5, 5]),
    ],
)
def test_waits_double_up_to_their_cap(backoff, waits):
    assert [backoff.seconds(failures) for failures in range(1, len(waits) + 1)] == waits


@pytest.mark.parametrize(("jitter", "shortest"), [(0.0, 8.0), (0.5, 4.0), (1.0, 0.0)])
def test_jitter_is_the_random_share_of_a_wait(jitter, shortest):
    backoff = Backoff(first=8.0, cap=60.0, jitter=jitter)

    assert backoff.seconds(1, chance=0.0) == shortest
    assert backoff.seconds(1, chance=0.5) == (shortest + 8.0) / 2
    assert backoff.seconds(1, chance=1.0) == 8.0


def test_a_wait_stays_at_its_cap_however_many_failures_there_are():
    assert Backoff(first=0.1, cap=30.0).seconds(10**9) == 30.0


def test_tenacity_waits_as_long_after_each_failed_publish():
    wait = wait_random_exponential(multiplier=PUBLISHES.first, max=PUBLISHES.cap)

    for failures in range(1, 10):
        longest = PUBLISHES.seconds(failures)
        assert all(0 <= wait(Attempt(failures)) <= longest for _ in range(20))


class Attempt:
    """The part of tenacity's RetryCallState that a wait reads."""

    def __init__(self, attempt_number):
        self.attempt_number = attempt_number


def test_no_other_module_has_a_backoff_formula_of_its_own():
    modules = House(Path(__file__).parents[2]).package

    assert {module.path for module in modules if any(map(is_power_of_two, ast.walk(module.tree)))} == {
        "pubsub_tasks/batches/backoff.py"
    }


def is_power_of_two(node):
    """Whether a node is `2 ** n`."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and isinstance(node.left, ast.Constant)
        and node.left.value == 2
    )
