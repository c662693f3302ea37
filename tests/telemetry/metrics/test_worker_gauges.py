"""What workers hold, and how long it takes them to work off what waits."""

from typing import Any

from pubsub_tasks.telemetry.metrics.catalog import HANDLED_RATE, IN_FLIGHT, QUEUE_DEPTH, SLEEPING
from pubsub_tasks.telemetry.metrics.families import Family, plain_family
from pubsub_tasks.telemetry.metrics.worker_gauges import backlogs, worker_gauges


def values(family: Family) -> dict[tuple[str, ...], float]:
    return {tuple(text for _, text in sample.labels): sample.value for sample in family.samples}


def test_messages_in_hand_are_by_state() -> None:
    status: dict[str, Any] = {
        "queue": "orders",
        "running": [{"task": "shop.handle"}] * 3,
        "buffered": 2,
        "waiting_in_hand": 1,
        "settling": 4,
        "oldest_seconds": 7.5,
    }
    held, oldest = worker_gauges([status])

    assert values(held) == {
        ("orders", "running"): 3,
        ("orders", "buffered"): 2,
        ("orders", "waiting"): 1,
        ("orders", "settling"): 4,
    }
    assert values(oldest) == {("orders",): 7.5}


def families(visible: float, rate: float, buffered: float = 0) -> list[Family]:
    depths = {("orders", "visible"): visible, ("orders", "in_flight"): 900, ("orders", "delayed"): 50}
    return [
        plain_family(QUEUE_DEPTH, depths),
        plain_family(IN_FLIGHT, {("orders", "buffered"): buffered, ("orders", "running"): 100}),
        plain_family(HANDLED_RATE, {("orders",): rate}),
        plain_family(SLEEPING, {("orders",): 500}),
    ]


def test_the_backlog_is_what_waits_over_the_rate_without_what_sleeps_or_runs() -> None:
    assert values(backlogs(families(visible=190, rate=4, buffered=10))) == {("orders",): 50}


def test_an_idle_queue_has_no_backlog() -> None:
    assert values(backlogs(families(visible=0, rate=0))) == {("orders",): 0}


def test_a_queue_that_nobody_has_handled_yet_has_a_finite_backlog() -> None:
    assert values(backlogs(families(visible=10, rate=0))) == {("orders",): 600}


def test_without_a_depth_there_is_none() -> None:
    assert values(backlogs(families(visible=10, rate=1)[1:])) == {}
