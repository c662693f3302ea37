"""Whether another record can start in the time that is left."""

import pytest

from pubsub_tasks import Tasks, task
from pubsub_tasks.aws_lambda.time_left import TimeLeft
from pubsub_tasks.dispatching.dispatcher import HandlerCall
from tests.aws_lambda.events import Clock
from tests.samples import OrderPlaced, delivery


def a_call(timeout: float | None = None) -> HandlerCall:
    declared = task(OrderPlaced, tasks=Tasks())(lambda order_id, total: None)
    return HandlerCall(declared, delivery(), {}, timeout)


def test_the_first_record_starts_even_without_time() -> None:
    left = TimeLeft(Clock(0), 2.0)

    assert left.opens()
    assert left.allows(a_call())
    assert not left.opens()
    assert not left.allows(a_call())


def test_without_a_context_there_is_no_end() -> None:
    left = TimeLeft(None, 2.0)

    assert all(left.allows(a_call(timeout=1e9)) for _ in range(3))


@pytest.mark.parametrize(("milliseconds", "starts"), [(7_001, True), (7_000, False)])
def test_a_record_needs_the_longest_time_that_its_task_took(milliseconds: float, starts: bool) -> None:
    context, one = Clock(60_000), a_call()
    left = TimeLeft(context, 2.0)
    left.allows(one)
    left.took(one, 5.0)
    left.took(one, 1.0)

    context.milliseconds = milliseconds

    assert left.allows(one) is starts


def test_a_time_limit_counts_rather_than_what_it_took() -> None:
    left, one = TimeLeft(Clock(10_000), 2.0), a_call(timeout=3)
    left.allows(one)
    left.took(one, 60.0)

    assert left.allows(one)
