"""`--unknown release` during a deploy: media types unknown to this version are left to newer workers."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.dispatching.unknown_messages import GRACE_AGE
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import dead_letter_target
from pubsub_tasks.telemetry.log_observer import LogObserver
from pubsub_tasks.verdicts import DeadLetter, Retry
from pubsub_tasks.worker.worker import Worker
from tests.worker.shop import Number, Shop, Word, body

NEW, NEWER = "application/vnd.test.pubsub._.created.new", "application/vnd.test.pubsub._.created.newer"


class Renamed(Number):
    MEDIA_TYPE = NEW


@contextmanager
def releasing(shop: Shop, receives: int = 100, wall: Callable[[], float] = time.time) -> Iterator[Worker]:
    """A worker with `--unknown release` on a queue of this maxReceiveCount."""
    worker = Worker(
        shop.queue,
        Dispatcher(shop.tasks, "default", unknown="release", max_receive_count=receives),
        dead_letters=dead_letter_target(shop.dead, shop.queue),
        capacity=Capacity(),
        observers=[LogObserver(), shop.events],
        wall=wall,
    )
    worker.start()
    try:
        yield worker
    finally:
        assert shop.stop(worker)


@pytest.fixture
def shop() -> Shop:
    """Of the old version: it knows nothing of what is new."""
    shop = Shop()
    shop.task(Word)(lambda word: None)
    return shop


def test_a_media_type_unknown_to_the_old_version_is_handled_by_the_new_one(shop: Shop) -> None:
    # Given a worker of the old version that received it first
    shop.send_bodies(body(NEW, number=7))
    with releasing(shop):
        (verdict,) = shop.events.verdicts(1)
    assert isinstance(verdict, Retry)
    assert verdict.after == 30
    assert shop.messages_left() == []
    assert shop.dead_letters() == []

    # When half a minute later there is one that knows it
    handled: list[int] = []
    shop.task(Renamed)(lambda number: handled.append(number))
    shop.transport.clock = lambda: time.time() + 31
    with releasing(shop):
        shop.events.verdicts(1)

    # Then it is handled
    assert handled == [7]


def test_each_type_is_one_warning_and_each_message_is_counted(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pubsub_tasks")
    shop.send_bodies(*[body(NEW)] * 5, *[body(NEWER)] * 3)

    with releasing(shop) as worker:
        shop.events.verdicts(8)

    warnings = sorted(record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert [warning.partition(":")[0] for warning in warnings] == [
        f"no task on orders handles {NEW}",
        f"no task on orders handles {NEWER}",
    ]
    assert worker.counters.unknown == 8
    assert "retried 8 (unknown 8)" in worker.counters.describe()


def test_a_media_type_unknown_for_an_hour_is_dead_lettered(shop: Shop) -> None:
    shop.send_bodies(body(NEW))

    with releasing(shop, wall=lambda: time.time() + GRACE_AGE + 1) as worker:
        (verdict,) = shop.events.verdicts(1)

    assert isinstance(verdict, DeadLetter)
    assert [letter["reason"] for letter in shop.dead_letters()] == ["unknown"]
    assert (worker.counters.unknown, worker.counters.dead_lettered) == (0, {"unknown": 1})


def test_an_unknown_message_is_dead_lettered_before_the_redrive_policy_moves_it(shop: Shop) -> None:
    shop.send_bodies(body(NEW))

    with releasing(shop, receives=2):
        shop.events.verdicts(1)

    assert [letter["reason"] for letter in shop.dead_letters()] == ["unknown"]
