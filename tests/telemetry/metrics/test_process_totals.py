"""Sums over processes never go down, whichever of them ends."""

from typing import Any

from pubsub_tasks.telemetry.metrics.catalog import RECEIVED, SLEEPING
from pubsub_tasks.telemetry.metrics.families import plain_family
from pubsub_tasks.telemetry.metrics.process_totals import ProcessTotals


def report(received: int, number: int = 0, started_at: int = 1, sleeping: int = 0) -> dict[str, Any]:
    families = [
        plain_family(RECEIVED, {("orders",): received}),
        plain_family(SLEEPING, {("orders",): sleeping}),
    ]
    return {"started_at": started_at, "number": number, "families": families}


def sums(totals: ProcessTotals, **answers: dict[str, Any]) -> dict[str, float]:
    return {sample.name: sample.value for each in totals.families(answers) for sample in each.samples}


TOTAL, SLEEPS = "pubsub_tasks_received_messages_total", "pubsub_tasks_sleeping"


def test_processes_are_added() -> None:
    assert sums(ProcessTotals(), one=report(2, sleeping=1), two=report(3, sleeping=1)) == {
        TOTAL: 5,
        SLEEPS: 2,
    }


def test_what_a_replaced_process_counted_stays() -> None:
    totals = ProcessTotals()
    assert sums(totals, one=report(2)) == {TOTAL: 2, SLEEPS: 0}
    totals.add("one", report(7, number=1))  # its last words
    assert sums(totals)[TOTAL] == 7
    assert sums(totals, one=report(1, started_at=2)) == {TOTAL: 8, SLEEPS: 0}
    assert sums(totals, one=report(1, started_at=3))[TOTAL] == 9


def test_gauges_are_of_processes_that_answer() -> None:
    totals = ProcessTotals()
    sums(totals, one=report(2, sleeping=5))

    assert sums(totals) == {TOTAL: 2}


def test_a_late_answer_does_not_undo_a_later_one() -> None:
    totals = ProcessTotals()
    totals.add("one", report(7, number=3))
    totals.add("one", report(5, number=2))
    assert sums(totals)[TOTAL] == 7
    totals.add("one", report(1, started_at=2))
    totals.add("one", report(9, number=9))
    assert sums(totals)[TOTAL] == 8
