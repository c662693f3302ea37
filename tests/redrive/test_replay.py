from decimal import Decimal

import pytest

from pubsub_tasks.dead_letters.letter_view import Letter
from pubsub_tasks.decorators import task
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.redrive.replay import replay_letter
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from tests.dead_letters.samples import a_letter, moved_by_sqs, order
from tests.samples import NOW, OrderPlaced


def clock() -> float:
    return NOW + 100


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


def test_a_letter_is_handled_as_on_a_first_attempt(tasks: Tasks) -> None:
    handled = []

    @task(OrderPlaced, tasks=tasks)
    def bill(order_id: str, total: Decimal, delivery: Delivery) -> None:
        handled.append((order_id, total, delivery.attempt, delivery.waived, delivery.id))

    replayed = replay_letter(Dispatcher(tasks, "default"), a_letter(), clock)

    assert (replayed.task, replayed.verdict) == (bill.name, Ack())
    assert handled == [("o-1", Decimal("9.99"), 1, True, "id-of-o-1")]


def test_a_handler_that_fails_again_returns_its_error(tasks: Tasks) -> None:
    @task(OrderPlaced, tasks=tasks)
    def bill(order_id: str, total: Decimal) -> None:
        raise LookupError("still no such customer")

    verdict = replay_letter(Dispatcher(tasks, "default"), moved_by_sqs(), clock).verdict

    assert isinstance(verdict, Retry)
    assert str(verdict.error) == "still no such customer"


def test_coroutines_run_too(tasks: Tasks) -> None:
    handled = []

    @task(OrderPlaced, tasks=tasks)
    async def bill(order_id: str, total: Decimal) -> None:
        handled.append(order_id)

    assert replay_letter(Dispatcher(tasks, "default"), a_letter(), clock).verdict == Ack()
    assert handled == ["o-1"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no json", "undecodable"),
        (order(media_type="m/unknown"), "unknown"),
        (order(total="much"), "invalid"),
    ],
)
def test_a_letter_that_reaches_no_handler_has_a_reason(tasks: Tasks, body: str, reason: str) -> None:
    @task(OrderPlaced, tasks=tasks)
    def bill(order_id: str, total: Decimal) -> None:
        raise AssertionError

    replayed = replay_letter(Dispatcher(tasks, "default"), a_letter(body), clock)

    assert replayed.task is None
    assert isinstance(replayed.verdict, DeadLetter)
    assert replayed.verdict.reason == reason


def test_an_expired_message_is_handled_on_replay(tasks: Tasks) -> None:
    @task(OrderPlaced, tasks=tasks)
    def bill(order_id: str, total: Decimal) -> None:
        """Fine."""

    old: Letter = a_letter(order(opaqueData={"x-expires": "1", "x-request-ttl": "0"}))

    assert replay_letter(Dispatcher(tasks, "default"), old, clock).verdict == Ack()
