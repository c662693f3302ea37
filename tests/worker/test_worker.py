"""A worker with real threads on a queue in memory: verdicts, draining, run limits, events and status."""

import asyncio
import logging
import time
from threading import Event, Lock
from typing import Any

import pytest
from tenacity import stop_after_attempt, wait_none

from pubsub_tasks import Delivery, Discard, Reject, SkipMessage
from pubsub_tasks.in_flight.polls import RunLimit
from pubsub_tasks.tasks.events import Confirmed, DeadLettered, Extended, Received, Settled, Started
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Retry
from tests.worker.shop import NUMBER, PATIENCE, Shop, Word, body, until, wait, worker_threads


def test_each_message_gets_the_verdict_its_handler_asks_for() -> None:
    # Given tasks of both kinds that end in every way there is
    shop = Shop()

    @shop.task(stop=stop_after_attempt(2), wait=wait_none())
    def handle(number: int, delivery: Delivery) -> None:
        match number:
            case 1:
                raise Reject("no such customer")
            case 2:
                raise Discard("a test order")
            case 3:
                raise SkipMessage
            case 4:
                raise OSError("no connection")

    @shop.task(Word, stop=stop_after_attempt(2), wait=wait_none())
    async def read(word: str, delivery: Delivery) -> None:
        if delivery.attempt == 1:
            raise OSError("no connection")

    shop.send(0, 1, 2, 3, 4)
    shop.send_bodies(body(Word.MEDIA_TYPE, word="hello"), body("nobody/knows"), "no json")
    shop.send_bodies(body(NUMBER, number="x"))
    # When a worker has decided about all, twice about two of them
    with shop.running_worker() as worker:
        verdicts = shop.events.verdicts(11)
    # Then each had the one that its end asks for
    outcomes = sorted(_describe(verdict) for verdict in verdicts)
    assert outcomes == [
        "Ack",
        "Ack",
        "DeadLetter exhausted",
        "DeadLetter invalid",
        "DeadLetter rejected",
        "DeadLetter undecodable",
        "DeadLetter unknown",
        "Drop",
        "Retry",
        "Retry",
        "skipped",
    ]
    assert shop.messages_left() == []
    assert sorted(letter["reason"] for letter in shop.dead_letters()) == sorted(worker.counters.dead_lettered)
    assert (
        worker.counters.acked,
        worker.counters.skipped,
        worker.counters.dropped,
        worker.counters.retried,
    ) == (
        2,
        1,
        1,
        2,
    )


def test_a_worker_without_a_dead_letter_queue_keeps_what_it_cannot_handle() -> None:
    shop = Shop()

    @shop.task()
    def refuse(number: int) -> None:
        raise Reject("never")

    shop.send_bodies("no json", body(number=1))

    with shop.running_worker(dead_letters=None) as worker:
        verdicts = shop.events.verdicts(2)

    # What this app cannot read may be another's, and is seen again soon
    assert sorted(verdict.after for verdict in verdicts) == [60, 43_200]
    assert shop.queue.attributes().in_flight == 2
    assert worker.counters.dead_lettered.total() == 0


def test_slow_handlers_run_side_by_side() -> None:
    # Given handlers that end only when all of them run
    shop = Shop()
    together = Event()
    running: list[int] = []
    lock = Lock()

    @shop.task()
    def handle(number: int) -> None:
        with lock:
            running.append(number)
            if len(running) == 8:
                together.set()
        wait(together)

    shop.send(*range(8))
    with shop.running_worker(threads=8):
        assert shop.events.verdicts(8) == [Ack()] * 8


def test_coroutines_run_side_by_side_and_beside_threads() -> None:
    shop = Shop()
    running: list[object] = []
    together = Event()
    in_loop = Event()

    @shop.task()
    def handle(number: int) -> None:
        wait(in_loop)
        together.set()

    @shop.task(Word)
    async def read(word: str) -> None:
        running.append(word)
        if len(running) == 5:
            in_loop.set()
        while not together.is_set():
            await asyncio.sleep(0.001)

    shop.send(1)
    shop.send_bodies(*(body(Word.MEDIA_TYPE, word=str(number)) for number in range(5)))
    with shop.running_worker():
        assert shop.events.verdicts(6) == [Ack()] * 6


def test_a_single_coroutine_slot_is_always_refilled() -> None:
    # Given one slot, so that each message waits for the one before it to end
    shop = Shop()

    @shop.task(Word)
    async def read(word: str) -> None:
        pass

    with shop.running_worker(coroutines=1, prefetch=10):
        # When messages come while it is busy, and just as it ends
        for number in range(200):
            shop.send_bodies(body(Word.MEDIA_TYPE, word=str(number)))
        # Then it takes them all
        assert shop.events.verdicts(200) == [Ack()] * 200


def test_a_handled_message_is_deleted_soon_on_an_idle_queue() -> None:
    # Given a worker with long leases, so that only the delete itself wakes a thread
    shop = Shop()
    shop.task()(lambda number: None)
    with shop.running_worker(visibility=43_200):
        for number in range(20):
            shop.send(number)
            assert isinstance(shop.events.next().verdict, Ack)
            # When it has handled one message, and nothing follows, then it is soon deleted
            until(lambda: shop.queue.attributes().in_flight == 0)


def test_messages_that_an_open_poll_receives_while_draining_are_released() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    worker = shop.worker()
    worker.start()

    worker.drain()
    shop.send(1)

    assert worker.stop(PATIENCE)
    assert [record.receive_count for record in shop.messages_left()] == [2]
    assert (worker.counters.received, worker.counters.released, worker.counters.acked) == (1, 1, 0)


def test_draining_finishes_running_messages_and_releases_waiting_ones() -> None:
    # Given one slot that runs one message while others wait
    shop = Shop()
    started, may_end = Event(), Event()

    @shop.task()
    def handle(number: int) -> None:
        started.set()
        wait(may_end)

    shop.send(*range(3))
    worker = shop.worker(threads=1, prefetch=10, receivers=1)
    worker.start()
    wait(started)
    until(lambda: worker.counters.received == 3)
    # When the worker drains
    worker.drain()
    until(lambda: worker.counters.released == 2)
    assert not worker.wait(0)
    may_end.set()
    # Then it ends when that one has, and its threads with it
    assert shop.stop(worker)
    assert worker.counters.acked == 1
    assert len(shop.messages_left()) == 2


def test_no_thread_outlives_a_drained_worker() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.task(Word)(_read)
    before = worker_threads()
    with shop.running_worker():
        pass

    until(lambda: worker_threads() <= before)


def test_a_lease_is_extended_while_its_handler_runs_and_while_draining() -> None:
    # Given leases of two seconds, a handler that takes longer, and a worker that drains
    shop = Shop()
    started, may_end = Event(), Event()
    seen: list[Delivery] = []

    @shop.task()
    def handle(number: int, delivery: Delivery) -> None:
        seen.append(delivery)
        started.set()
        wait(may_end)

    shop.send(1)
    with shop.running_worker(visibility=2) as worker:
        wait(started)
        worker.drain()
        received_at = seen[0].record.first_received_at
        until(lambda: time.time() > received_at + 3)
        may_end.set()
        assert shop.events.next().verdict == Ack()
    assert not seen[0].lost
    assert shop.messages_left() == []


def test_a_failing_observer_is_logged_and_others_are_called(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)

    def broken(event: Any) -> None:
        raise ValueError("full disk")

    with shop.running_worker(observers=[broken, shop.events]):
        assert shop.events.next().verdict == Ack()
    assert "full disk" in caplog.text


def test_a_handler_that_awaits_something_cancelled_is_tried_again() -> None:
    shop = Shop()

    @shop.task(Word, wait=wait_none())
    async def read(word: str, delivery: Delivery) -> None:
        if delivery.attempt == 1:
            other = asyncio.ensure_future(asyncio.sleep(10))
            other.cancel()
            await other
        if delivery.attempt == 2:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

    shop.send_bodies(body(Word.MEDIA_TYPE, word="hello"))
    with shop.running_worker(coroutines=1):
        assert [type(verdict) for verdict in shop.events.verdicts(3)] == [Retry, Retry, Ack]


def test_started_and_settled_events_come_in_order() -> None:
    shop = Shop()
    shop.task(name="handle")(lambda number: None)
    shop.send(1)
    with shop.running_worker():
        started = shop.events.next(Started)
        settled = shop.events.next()
    assert (started.queue, started.task, started.delivery) == ("orders", "handle", settled.delivery)
    assert isinstance(settled.verdict, Ack)


def test_a_worker_counts_what_it_received() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1, 2, 3)
    with shop.running_worker():
        counted = 0
        while counted < 3:
            counted += shop.events.next(Received).count
    assert counted == 3


@pytest.mark.parametrize("threads", [1, 8])
def test_a_run_limit_of_one_receive_handles_it_and_ends(threads: int) -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(*range(10))
    finished = Event()
    worker = shop.worker(threads=threads, run_limit=RunLimit(once=True), receivers=3)
    worker.on_finished = finished.set
    worker.start()
    wait(finished)
    assert worker.stop(PATIENCE)
    assert worker.counters.received == worker.counters.acked == min(10, threads)
    assert worker.counters.released == 0


def test_a_run_limit_until_empty_goes_on_while_messages_come() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    for first in range(0, 50, 10):
        shop.send(*range(first, first + 10))
    finished = Event()
    worker = shop.worker(run_limit=RunLimit(until_empty=True), wait=1)
    worker.on_finished = finished.set
    worker.start()
    wait(finished)
    assert worker.stop(PATIENCE)
    assert worker.counters.acked == 50


def test_a_run_limit_of_messages_releases_none() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    for first in range(0, 50, 10):
        shop.send(*range(first, first + 10))
    finished = Event()
    worker = shop.worker(run_limit=RunLimit(messages=15), receivers=1, threads=10)
    worker.on_finished = finished.set
    worker.start()
    wait(finished)
    assert worker.stop(PATIENCE)
    assert worker.counters.received == worker.counters.acked
    assert 15 <= worker.counters.acked < 35


async def _read(word: str) -> None:
    """Nothing."""


def _describe(verdict: Any) -> str:
    if isinstance(verdict, DeadLetter):
        return f"DeadLetter {verdict.reason}"
    if isinstance(verdict, Drop):
        return "Drop"
    return "skipped" if verdict == Ack(skipped=True) else type(verdict).__name__


def test_the_status_of_a_worker() -> None:
    # Given one message that runs, and two that wait for its slot
    shop = Shop()
    started, may_end = Event(), Event()

    @shop.task(name="shop.handle")
    def handle(number: int) -> None:
        started.set()
        wait(may_end)

    shop.send(1, 2, 3)
    with shop.running_worker(threads=1, prefetch=10) as worker:
        wait(started)
        until(lambda: worker.counters.received == 3)
        # When it is asked
        status = worker.status()
        # Then it describes the running message
        assert worker.is_alive()
        assert worker.is_ready()
        may_end.set()
    (running,) = status.pop("running")
    assert (running["task"], running["attempt"], running["lost"]) == ("shop.handle", 1, False)
    assert 0 < running["lease_left"] <= 30
    assert status["buffered"] == 2
    assert status["slots"] == {"threads": 1, "coroutines": 0}
    assert status["counts"]["received"] == 3
    assert not worker.is_ready()


def test_a_worker_is_not_ready_before_its_first_receive() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    assert not shop.worker().is_ready()


def test_log_records_of_handlers_and_middleware_carry_their_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Given a task of each kind, and middleware around both, which log
    shop, logger = Shop(), logging.getLogger("shop")
    caplog.set_level(logging.INFO, "shop")

    def around(call_next: Any, call: Any) -> Any:
        logger.info("around")
        return call_next(call)

    async def aaround(call_next: Any, call: Any) -> Any:
        logger.info("around")
        return await call_next(call)

    shop.tasks.use(around, aaround)

    @shop.task(name="shop.handle")
    def handle(number: int) -> None:
        logger.info("in a thread")

    @shop.task(Word, name="shop.read")
    async def read(word: str) -> None:
        await asyncio.sleep(0)
        logger.info("in a coroutine")

    shop.send(1)
    shop.send_bodies(body(Word.MEDIA_TYPE, word="hello"))
    # When both are handled
    with shop.running_worker():
        shop.events.verdicts(2)
    # Then each line has the fields of its own message, and nothing is left behind
    lines = sorted(
        (record.getMessage(), record.task, record.media_type, record.queue, record.attempt)  # type: ignore[attr-defined]
        for record in caplog.records
        if record.name == "shop"
    )
    assert lines == [
        ("around", "shop.handle", NUMBER, "orders", 1),
        ("around", "shop.read", Word.MEDIA_TYPE, "orders", 1),
        ("in a coroutine", "shop.read", Word.MEDIA_TYPE, "orders", 1),
        ("in a thread", "shop.handle", NUMBER, "orders", 1),
    ]


def test_observers_see_dead_letters_confirmations_and_empty_receives() -> None:
    # Given one task that succeeds, fails for good, or is to be tried again
    shop = Shop()

    @shop.task(name="shop.handle", stop=stop_after_attempt(2), wait=wait_none())
    def handle(number: int, delivery: Delivery) -> None:
        if number == 1:
            raise Reject("no such customer")

    # When both are handled
    shop.send(0, 1)
    with shop.running_worker(wait=0):
        letter = shop.events.next(DeadLettered)
        confirmed = [shop.events.next(Confirmed)]
        empty = shop.events.next(Received)
    # Then the dead letter comes before the delete of the original, and an empty receive is reported
    assert (letter.queue, letter.task, letter.reason) == ("orders", "shop.handle", "rejected")
    assert str(letter.error) == "no such customer"
    assert (confirmed[0].queue, confirmed[0].task) == ("orders", "shop.handle")
    assert empty.count == 0
    assert empty.seconds >= 0


def test_a_settled_event_carries_the_latency() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)
    with shop.running_worker():
        settled = shop.events.next(Settled)

    assert settled.latency is not None
    assert 0 <= settled.latency < PATIENCE


def test_extended_leases_are_reported_to_observers() -> None:
    shop, may_end = Shop(), Event()
    shop.task()(lambda number: wait(may_end))
    shop.send(1)
    with shop.running_worker(visibility=2):
        extended = shop.events.next(Extended)
        may_end.set()

    assert extended.queue == "orders"
    assert [each.media_type for each in extended.deliveries] == [NUMBER]


def test_events_without_an_observer_are_not_created() -> None:
    shop, seen = Shop(), []

    class Watching:
        kinds = (Settled,)

        def __call__(self, event: object) -> None:
            seen.append(event)
            shop.events(event)  # type: ignore[arg-type]

    shop.task()(lambda number: None)
    shop.send(1, 2)
    with shop.running_worker(observers=[Watching()]):
        shop.events.verdicts(2)

    assert {type(event) for event in seen} == {Settled}
