"""A queue of which nothing can be handled: the worker slows down and does not empty it."""

import logging
from threading import Event
from typing import Any

import pytest

from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.dispatching.foreign_queue_guard import (
    MIN_AGE,
    UNHANDLED_AT_FIRST,
    WARN_EVERY,
    ForeignQueueGuard,
    hidden_seconds,
)
from pubsub_tasks.errors import DecodeError
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.in_flight.polls import RunLimit
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.processes.service import dead_letter_target
from pubsub_tasks.transports.protocols import Queue
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry, Verdict
from pubsub_tasks.wire.records import Record
from pubsub_tasks.worker.worker import Worker
from tests.faults.bench import Bench, reasons
from tests.worker.shop import NUMBER, Shop, body, wait

NOW = 1_750_000_000.0
ERROR = DecodeError("no JSON")
ODD = DeadLetter("undecodable", ERROR)
CELERY = '{"body": "W10=", "content-type": "a/b", "headers": {"task": "shop.add"}, "properties": {}}'


def delivery(receives: int = 1, age: float = 0.0, text: str = CELERY) -> Delivery:
    return decode_record(
        Record(
            text,
            receipt_handle="r",
            message_id="m",
            receive_count=receives,
            sent_at=NOW - age,
            first_received_at=NOW - age,
        )
    )


def acting(most: int | None = None, *, fifo: bool = False) -> ForeignQueueGuard:
    """A guard that has seen enough unhandled messages to act."""
    guard = ForeignQueueGuard(most, fifo=fifo)
    for _ in range(UNHANDLED_AT_FIRST):
        assert guard.review(delivery(), ODD, NOW) is ODD
    return guard


# Times


@pytest.mark.parametrize(
    ("receives", "age", "most", "seconds"),
    [
        (1, 0, None, 30),
        (2, 30, None, 60),
        (7, 1_000, None, 900),
        (50, 3_000, None, 600),
        (1, 0, 100, 30),
        (98, 0, 100, 900),
        (99, 0, 100, 3_600),
        (2, 30, 3, 3_570),
        (1, 0, 1, 3_600),
        (1, 3_600, None, None),
        (3, 7_200, 3, None),
    ],
)
def test_a_message_is_hidden_for_longer_each_time_and_keeps_its_last_receive(
    receives: int, age: float, most: int | None, seconds: float | None
) -> None:
    assert hidden_seconds(receives, age, most) == seconds


def test_pauses_between_receives_grow_to_five_seconds() -> None:
    guard, pauses = acting(), []

    for _ in range(6):
        pauses.append(guard.pause)
        guard.review(delivery(), ODD, NOW)

    assert pauses == [1, 2, 4, 5, 5, 5]


# Verdicts


def test_the_first_ten_are_dead_lettered_and_later_ones_are_hidden() -> None:
    guard = acting()

    assert guard.slow
    assert guard.review(delivery(receives=2), ODD, NOW) == Retry(60.0, ERROR)
    assert guard.review(delivery(age=MIN_AGE), ODD, NOW) is ODD


@pytest.mark.parametrize("verdict", [Ack(), DeadLetter("invalid"), DeadLetter("expired"), Retry(1.0)])
def test_messages_of_a_known_task_do_not_count(verdict: Verdict) -> None:
    guard = ForeignQueueGuard()

    for _ in range(2 * UNHANDLED_AT_FIRST):
        assert guard.review(delivery(), verdict, NOW) is verdict

    assert not guard.slow


def test_the_guard_is_inactive_after_the_first_handled_message() -> None:
    guard = acting()

    guard.message_handled()

    assert (guard.slow, guard.pause, guard.warning(NOW)) == (False, 0.0, None)
    assert guard.review(delivery(), ODD, NOW) is ODD


def test_on_a_fifo_queue_the_guard_only_warns() -> None:
    guard = acting(fifo=True)

    assert guard.review(delivery(), ODD, NOW) is ODD
    assert (guard.slow, guard.pause) == (False, 0.0)
    assert "FIFO" in (guard.warning(NOW) or "")


def test_a_warning_once_a_minute_says_what_the_messages_look_like() -> None:
    guard = ForeignQueueGuard()
    for _ in range(UNHANDLED_AT_FIRST - 1):
        guard.review(delivery(), ODD, NOW)
    assert guard.warning(NOW) is None

    guard.review(delivery(text="no json"), ODD, NOW)

    told = guard.warning(NOW) or ""
    assert "Celery tasks (9), text that is not JSON (1)" in told
    assert guard.warning(NOW + WARN_EVERY - 1) is None
    assert guard.warning(NOW + WARN_EVERY) is not None


def test_the_number_of_kinds_is_bounded() -> None:
    guard = ForeignQueueGuard()

    for number in range(1_000):
        guard.review(delivery(text=f'{{"mediaType": "a/{number}"}}'), DeadLetter("unknown"), NOW)

    assert len(guard._kinds) <= 21
    assert guard._kinds["others"] == 980


# Workers with a guard


def test_an_explicit_policy_for_unknown_types_turns_the_guard_off() -> None:
    shop = Shop()
    assert Dispatcher(shop.tasks, "default", unknown="dead-letter").guard is None
    assert Dispatcher(shop.tasks, "default", unknown=None).guard is not None


@pytest.mark.parametrize("most", [1, 3, 100])
def test_a_foreign_queue_is_not_emptied_within_an_hour(most: int) -> None:
    # Given forty Celery tasks, on a queue with a redrive policy
    shop = Shop()
    shop.task()(lambda number: None)
    bench = Bench(shop.tasks, unknown=None, max_receive_count=most)
    bench.send(*[CELERY] * 40)

    # When a worker runs for most of an hour, and crashes once
    bench.live(1_800)
    bench.crash()
    bench.live(1_700)

    # Then no more than the first ten of each process are dead letters
    letters = bench.letters()
    assert len(letters) <= 2 * UNHANDLED_AT_FIRST
    assert bench.left() == 40 - len(letters)
    assert set(reasons(letters)) == {"unknown"}  # none was moved by the redrive policy


def test_a_message_that_can_be_handled_is_found_among_any_number_of_others() -> None:
    # Given a queue of unknown messages, and a worker whose guard acts
    shop = Shop()
    handled: list[int] = []
    shop.task()(lambda number: handled.append(number))
    bench = Bench(shop.tasks, unknown=None)
    bench.send(*["no json"] * 40)
    bench.live(20)
    assert bench.left() == 30

    # When a message arrives that it can handle
    bench.send(body(NUMBER, number=7))
    bench.live(1_000)

    # Then it is handled, and the others become dead letters
    assert handled == [7]
    assert bench.left() == 0
    assert len(bench.letters()) == 40


def test_without_a_dead_letter_queue_unhandled_messages_are_visible_soon() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    bench = Bench(shop.tasks, unknown=None, letters=False)
    bench.send(*[CELERY] * 20)

    bench.live(20)
    assert bench.queue.attributes().visible == 0
    bench.transport.calls.clear()
    bench.drain()
    bench.clock.advance(60)

    assert bench.queue.attributes().visible == 20


class Asked:
    """A queue that records the size of each poll that returned messages."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.limits: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def receive(self, limit: int, *more: Any) -> list[Record]:
        records = self._queue.receive(limit, *more)
        if records:
            self.limits.append(limit)
        return records


def test_a_run_until_empty_receives_one_at_a_time_without_pauses_and_ends() -> None:
    # Given more unknown messages than one worker receives at once
    shop = Shop()
    shop.task()(lambda number: None)
    for _ in range(15):
        shop.send_bodies(*["no json"] * 10)
    queue, finished = Asked(shop.queue), Event()

    # When it runs until the queue is empty
    worker = Worker(
        queue,
        Dispatcher(shop.tasks, "default", unknown=None),
        dead_letters=dead_letter_target(shop.dead, shop.queue),
        capacity=Capacity(wait=0),
        run_limit=RunLimit(until_empty=True),
    )
    worker.on_finished = finished.set
    worker.start()
    wait(finished)
    assert shop.stop(worker)

    # Then ten are dead letters, and the others were received one at a time
    assert worker.counters.dead_lettered == {"undecodable": UNHANDLED_AT_FIRST}
    assert worker.counters.retried >= 140
    assert "text that is not JSON" in worker.troubles()[0]
    slow = queue.limits.index(1)
    assert slow < 15
    assert set(queue.limits[slow:]) == {1}


def test_the_warning_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "pubsub_tasks.worker.worker_guard")
    shop = Shop()
    shop.task()(lambda number: None)
    bench = Bench(shop.tasks, unknown=None)
    bench.send(*[CELERY] * 12)

    bench.live(90)

    told = [record.getMessage() for record in caplog.records]
    assert all(line.startswith("orders: none of ") for line in told)
    assert 1 <= len(told) <= 2
