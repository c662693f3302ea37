"""Large bodies are opened for their handlers, within one budget for a worker."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from typing import Any, ClassVar

import pytest
from tenacity import stop_after_attempt, wait_none

from pubsub_tasks import Delivery
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.tasks.events import Received
from pubsub_tasks.verdicts import Ack, DeadLetter
from pubsub_tasks.wire.compression import MAX_EXPANDED, BodyLimit, compress
from pubsub_tasks.wire.records import Outgoing, Record, text
from pubsub_tasks.worker.body_opener import BODY_BUDGET, BodyOpener, OpenerClosed
from pubsub_tasks.worker.receiver import OPENED_AT_ONCE
from pubsub_tasks.worker.worker import Worker
from tests.worker.shop import NUMBER, PATIENCE, WORD, Shop, Word, body, until, wait


def packed(letters: int, media_type: str = WORD, **fields: Any) -> Outgoing:
    """A Word of so many letters, compressed."""
    content = fields or {"word": "x" * letters}
    packed_body, attributes = compress(body(media_type, **content), {"media_type": text(media_type)}, "gzip")
    return Outgoing(packed_body, attributes)


def closed(letters: int) -> Delivery:
    """The same as the thread that polls leaves it."""
    outgoing = packed(letters)
    record = Record(outgoing.body, "handle", "sqs-1", attributes=outgoing.attributes)
    return decode_record(record, limit=BodyLimit(OPENED_AT_ONCE))


def opener_of(budget: int, schema: type[Word] = Word) -> BodyOpener:
    shop = Shop()
    shop.task(schema)(lambda word: None)
    return BodyOpener(Dispatcher(shop.tasks, "default"), budget)


def with_budget(worker: Worker, budget: int) -> Worker:
    """The worker, not started, with another budget."""
    handling = worker._processor
    handling.bodies = BodyOpener(handling._dispatcher, budget)
    return worker


def test_the_budget_holds_sixteen_of_the_largest_bodies() -> None:
    assert BODY_BUDGET == 16 * MAX_EXPANDED == 256 * 2**20


def test_an_opened_body_reserves_its_own_size_until_it_is_released() -> None:
    opener = opener_of(BODY_BUDGET)

    opened, size = opener.open(closed(100_000))

    assert opened.defect is None
    assert len(opened.fields["word"]) == 100_000
    assert 100_000 < size < 101_000
    assert opener.in_use == size
    opener.release(size)
    assert opener.in_use == 0


def test_a_body_that_is_open_already_reserves_nothing() -> None:
    opener = opener_of(BODY_BUDGET)
    delivery = closed(1_000)

    assert opener.open(delivery) == (delivery, 0)
    assert opener.in_use == 0


def test_a_body_that_cannot_be_opened_reserves_nothing() -> None:
    opener = opener_of(BODY_BUDGET)

    opened, size = opener.open(closed(MAX_EXPANDED))

    assert size == opener.in_use == 0
    assert "expands beyond 16,777,216 bytes" in str(opened.defect)


def test_a_schema_may_allow_larger_bodies() -> None:
    class LongWord(Word):
        MAX_BODY_SIZE: ClassVar[int] = 2 * MAX_EXPANDED

    opener = opener_of(BODY_BUDGET, LongWord)

    opened, size = opener.open(closed(MAX_EXPANDED))

    assert opened.defect is None
    assert size > MAX_EXPANDED


def test_a_body_larger_than_the_budget_is_opened_alone() -> None:
    # Given a budget that is smaller than one body, of which some is in use
    opener = opener_of(150_000)
    _, small = opener.open(closed(70_000))
    with ThreadPoolExecutor() as threads:
        # When a larger one comes, it waits
        large = threads.submit(opener.open, closed(500_000))
        until(lambda: bool(opener._waiting))
        assert not large.done()
        # Then it is opened once nothing else is in use
        opener.release(small)
        opened, size = large.result(PATIENCE)
    assert len(opened.fields["word"]) == 500_000
    assert size == opener.in_use == 150_000


def test_bodies_are_opened_in_order_of_arrival() -> None:
    opener = opener_of(MAX_EXPANDED)
    _, first = opener.open(closed(70_000))
    order: list[int] = []

    def use(letters: int) -> None:
        opened, size = opener.open(closed(letters))
        order.append(len(opened.fields["word"]))
        opener.release(size)

    with ThreadPoolExecutor() as threads:
        for number, letters in enumerate((90_000, 80_000, 70_000), 1):
            threads.submit(use, letters)
            until(lambda number=number: len(opener._waiting) == number)  # type: ignore[misc]
        opener.release(first)

    assert order == [90_000, 80_000, 70_000]


def test_a_closed_opener_does_not_wait_and_opens_bodies_that_fit() -> None:
    opener = opener_of(MAX_EXPANDED)
    _, first = opener.open(closed(70_000))
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(opener.open, closed(70_000))
        until(lambda: bool(opener._waiting))

        opener.close()

        with pytest.raises(OpenerClosed):
            waiting.result(PATIENCE)
    opener.release(first)
    assert opener.open(closed(70_000))[1] == first


def test_a_body_opened_for_a_cancelled_coroutine_is_released() -> None:
    opener = opener_of(MAX_EXPANDED)
    _, first = opener.open(closed(70_000))

    async def cancelled() -> None:
        task = asyncio.create_task(opener.open_async(closed(70_000)))
        while not opener._waiting:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cancelled())
    opener.release(first)

    until(lambda: opener.in_use == 0 and not opener._waiting)
    opener.stop()


@pytest.mark.parametrize("is_async", [False, True])
def test_no_more_bodies_are_open_than_the_budget_allows_and_all_are_handled(is_async: bool) -> None:
    # Given a queue of compressed bodies, and a budget for three of them
    shop, lock, open_now, most = Shop(), Lock(), 0, 0
    count = 20

    def enter(change: int) -> None:
        nonlocal open_now, most
        with lock:
            open_now += change
            most = max(most, open_now)

    def handle(word: str) -> None:
        enter(1)
        assert len(word) == 100_000
        enter(-1)

    async def handle_async(word: str) -> None:
        enter(1)
        await asyncio.to_thread(len, word)  # the executor of handlers is not that of bodies
        enter(-1)

    shop.task(Word)(handle_async if is_async else handle)
    for _ in range(count):
        shop.queue.send([packed(100_000)])
    # When a worker with more slots than that handles them
    worker = with_budget(shop.worker(threads=8, coroutines=20), 300_000)
    worker.start()
    verdicts = shop.events.verdicts(count)
    # Then all were, never more than the budget at once
    assert verdicts == [Ack()] * count
    assert 1 <= most <= 3
    assert shop.stop(worker)
    assert worker._processor.bodies.in_use == 0


def test_the_thread_that_polls_opens_small_bodies_only() -> None:
    shop, seen = Shop(), []
    shop.task(Word)(lambda word: seen.append(len(word)))
    shop.queue.send([packed(1_000), packed(100_000)])

    with shop.running_worker():
        shop.events.next(Received)
        shop.events.verdicts(2)

    assert sorted(seen) == [1_000, 100_000]
    assert closed(1_000).defect is None
    assert closed(100_000).defect is not None


@pytest.mark.parametrize("is_async", [False, True])
def test_a_draining_worker_releases_messages_that_wait_for_the_budget(is_async: bool) -> None:
    # Given a handler that holds the whole budget, and a message that waits for it
    shop, started, go_on = Shop(), Event(), Event()

    def hold(word: str) -> None:
        started.set()
        wait(go_on)

    async def hold_async(word: str) -> None:
        started.set()
        await asyncio.to_thread(wait, go_on)

    shop.task(Word)(hold_async if is_async else hold)
    shop.queue.send([packed(100_000), packed(100_000)])
    worker = with_budget(shop.worker(threads=2, coroutines=2), 110_000)
    worker.start()
    wait(started)
    until(lambda: bool(worker._processor.bodies._waiting))
    # When the worker drains
    worker.drain()
    # Then that is given back, and the other is handled to its end
    until(lambda: worker.counters.released == 1)
    go_on.set()
    assert shop.stop(worker)
    assert (worker.counters.acked, worker.counters.retried) == (1, 0)
    assert len(shop.messages_left()) == 1


def test_a_parked_message_keeps_no_body_and_is_opened_again() -> None:
    # Given a FIFO queue, where a failed message waits in the worker
    shop, attempts = Shop(fifo=True), []

    @shop.task(Word, stop=stop_after_attempt(3), wait=wait_none())
    def fail(word: str, delivery: Delivery) -> None:
        attempts.append((len(word), delivery.attempt))
        if delivery.attempt < 3:
            raise OSError("no connection")

    outgoing = packed(100_000)
    shop.queue.send([Outgoing(outgoing.body, outgoing.attributes, "g", "d")])

    with shop.running_worker() as worker:
        settled = [shop.events.next() for _ in range(3)]
        until(lambda: worker.counters.acked == 1)
        assert worker._processor.bodies.in_use == 0

    assert attempts == [(100_000, 1), (100_000, 2), (100_000, 3)]
    assert [len(each.delivery.fields["word"]) for each in settled] == [100_000] * 3


def test_a_dead_letter_of_a_large_body_carries_the_message_id() -> None:
    shop = Shop()
    shop.task(Word)(lambda word: None)
    content = body(NUMBER, number=1, note="x" * 100_000).replace(
        '"opaqueData": {}', '"opaqueData": {"x-message-id": "m-1"}'
    )
    small, attributes = compress(content, {"media_type": text(NUMBER)}, "gzip")
    shop.queue.send([Outgoing(small, attributes)])

    with shop.running_worker():
        verdict = shop.events.next().verdict
        until(lambda: bool(shop.dead.attributes().visible))

    assert isinstance(verdict, DeadLetter)
    assert verdict.reason == "unknown"
    assert shop.dead_letters()[0]["message_id"] == "m-1"


def test_many_threads_and_sizes_end_with_nothing_reserved() -> None:
    opener = opener_of(400_000)
    most = 0

    def use(number: int) -> int:
        nonlocal most
        opened, size = opener.open(closed(70_000 + 9_973 * (number % 40)))
        most = max(most, opener.in_use)
        opener.release(size)
        return len(opened.fields["word"])

    with ThreadPoolExecutor(16) as threads:
        futures: list[Future[int]] = [threads.submit(use, number) for number in range(200)]
        found = [future.result(PATIENCE) for future in futures]

    assert found == [70_000 + 9_973 * (number % 40) for number in range(200)]
    assert opener.in_use == 0
    assert most <= 400_000
