"""Receiving: messages are in flight or become visible again; on FIFO queues a lost receive is repeated."""

from threading import Event
from typing import Any

import pytest
from tenacity import stop_after_attempt, wait_fixed, wait_none

from pubsub_tasks import Delivery, Nack
from pubsub_tasks.errors import ReceiveFailed
from pubsub_tasks.in_flight.in_flight_message import SlotKind
from pubsub_tasks.lifecycle.interruption import CallInterrupted
from pubsub_tasks.transports.protocols import Queue
from pubsub_tasks.verdicts import Ack, DeadLetter
from pubsub_tasks.wire.records import Record
from tests.worker.shop import PATIENCE, FlakyQueue, Shop, until, wait


class LosesFirstAnswer(FlakyQueue):
    """A queue whose first answer is lost after the service has received the messages."""

    def __init__(self, queue: Queue) -> None:
        super().__init__(queue)
        self.lost = False

    def receive(
        self, limit: int, wait: int, visibility: int | None, attempt_id: str | None = None
    ) -> list[Record]:
        records = super().receive(limit, wait, visibility, attempt_id)
        if records and not self.lost:
            self.lost = True
            raise ReceiveFailed("connection closed", code="ConnectionClosedError")
        return records


def test_a_receive_of_a_fifo_queue_whose_answer_is_lost_is_repeated() -> None:
    # Given a lease so long that the group would be locked for hours
    shop = Shop(fifo=True)
    handled: list[int] = []
    shop.task()(lambda number: handled.append(number))
    queue = LosesFirstAnswer(shop.queue)
    shop.send(1, 2, group="a")
    # When the first answer is lost
    with shop.running_worker(queue, visibility=43_200):
        # Then the same receive is made again, and brings the same messages
        assert shop.events.verdicts(2) == [Ack()] * 2
        taken = next(
            number for number, again in enumerate(queue.attempts) if again in queue.attempts[:number]
        )
    assert queue.attempts[taken] is not None
    assert handled == [1, 2]


def test_an_answered_receive_of_a_fifo_queue_is_not_repeated() -> None:
    shop = Shop(fifo=True)
    shop.task()(lambda number: None)
    queue = FlakyQueue(shop.queue)
    with shop.running_worker(queue, wait=1):
        for number in range(3):
            shop.send(number, group="a")
            shop.events.next()
        answered = list(queue.attempts)
    assert len(answered) == len(set(answered))


def test_a_stopping_worker_ends_the_open_poll_of_a_fifo_queue_and_repeats_it() -> None:
    # Given a FIFO queue without messages, and a worker whose poll waits
    shop = Shop(fifo=True)
    shop.task()(lambda number: None)
    queue = FlakyQueue(shop.queue)
    worker = shop.worker(queue)
    worker.start()
    until(lambda: worker.run_limit.receives > 0 and worker.polls == 1)
    # When the worker drains, and no message comes
    worker.drain()
    # Then it ends, after one more receive for what the poll may have brought
    assert worker.stop(PATIENCE)
    *before, cut, again = queue.attempts
    assert cut == again
    assert cut not in before


def test_messages_received_after_an_ended_poll_are_released() -> None:
    # Given a message that arrives just when the poll is ended
    shop = Shop(fifo=True)
    shop.task()(lambda number: pytest.fail("it was handled"))

    class Late(FlakyQueue):
        def receive(self, *arguments: Any) -> list[Record]:
            try:
                return super().receive(*arguments)
            except CallInterrupted:
                shop.send(1, group="a")
                raise

    worker = shop.worker(Late(shop.queue))
    worker.start()
    until(lambda: worker.run_limit.receives > 0 and worker.polls == 1)
    # When the worker stops
    assert worker.stop(PATIENCE)
    # Then it is on the queue again
    assert worker.counters.released == 1
    assert [record.group_id for record in shop.messages_left()] == ["a"]


def test_a_poll_that_was_about_to_begin_does_not_wait_either() -> None:
    shop = Shop(fifo=True)
    shop.task()(lambda number: None)
    about, drained = Event(), Event()

    class Slow(FlakyQueue):
        def receive(self, *arguments: Any) -> list[Record]:
            if not about.is_set():
                about.set()
                wait(drained)
            return super().receive(*arguments)

    worker = shop.worker(Slow(shop.queue))
    worker.start()
    wait(about)
    worker.drain()
    drained.set()
    assert worker.stop(PATIENCE)


def test_a_standard_queue_has_its_open_poll_answered() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    worker = shop.worker()
    worker.start()
    until(lambda: worker.run_limit.receives > 0 and worker.polls == 1)

    worker.drain()

    assert not worker.wait(0.5)
    shop.send(1)
    assert worker.stop(PATIENCE)
    assert worker.counters.released == 1


def test_a_standard_queue_is_received_from_without_attempt_ids() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    queue = FlakyQueue(shop.queue)
    shop.send(1)
    with shop.running_worker(queue):
        shop.events.next()
    assert set(queue.attempts) == {None}


def test_groups_run_side_by_side_and_each_in_order() -> None:
    # Given two groups, one of which is blocked
    shop = Shop(fifo=True)
    may_go = Event()
    handled: list[int] = []

    @shop.task()
    def handle(number: int) -> None:
        if number == 1:
            wait(may_go)
        handled.append(number)

    shop.send(1, 2, 3, group="a")
    shop.send(11, 12, 13, group="b")
    with shop.running_worker():
        # When the other is done, then nothing of the first started behind its head
        until(lambda: handled == [11, 12, 13])
        may_go.set()
        shop.events.verdicts(6)
    assert handled == [11, 12, 13, 1, 2, 3]


def test_no_message_passes_one_of_its_group_that_cannot_be_opened() -> None:
    # Given a worker that an internal fault keeps from opening one message
    shop = Shop(fifo=True)
    handled: list[int] = []
    shop.task()(lambda number: handled.append(number))
    worker = shop.worker()
    kind = worker._receiver._slot_kind

    def broken_kind(delivery: Delivery) -> SlotKind:
        if delivery.fields.get("number") == 1:
            raise MemoryError
        return kind(delivery)

    worker._receiver._slot_kind = broken_kind
    shop.send(1, 2, group="a")
    shop.send(3, group="b")

    # When it is received together with one of its group and one of another
    worker.start()
    assert shop.events.next().verdict == Ack()
    until(lambda: shop.queue.attributes().in_flight == 2)

    # Then only that of the other group is handled
    assert shop.stop(worker)
    assert handled == [3]


def test_a_retried_head_blocks_its_group_and_waits_in_the_worker() -> None:
    shop = Shop(fifo=True)
    handled: list[tuple[int, int]] = []

    @shop.task(wait=wait_fixed(0.2))
    def handle(number: int, delivery: Delivery) -> None:
        handled.append((number, delivery.attempt))
        if number == 1 and delivery.attempt < 3:
            raise OSError("not yet")

    shop.send(1, 2, group="a")
    with shop.running_worker(threads=1) as worker:
        shop.events.verdicts(4)
        assert worker.counters.received == 2
    assert handled == [(1, 1), (1, 2), (1, 3), (2, 1)]


def test_while_a_head_waits_in_the_worker_a_single_slot_serves_other_groups() -> None:
    # Given one slot, and a head that waits a quarter of an hour for its next try
    shop = Shop(fifo=True)
    handled: list[int] = []

    @shop.task()
    def handle(number: int) -> None:
        handled.append(number)
        if number == 1:
            raise Nack(900)

    shop.send(1, group="a")
    with shop.running_worker(threads=1):
        shop.events.next()
        # When other groups' messages come
        shop.send(2, group="b")
        shop.send(3, group="c")
        # Then they are received and handled
        shop.events.verdicts(2)
    assert sorted(handled) == [1, 2, 3]


def test_a_parked_message_of_a_coroutine_task_starts_when_due() -> None:
    shop = Shop(fifo=True)
    handled: list[int] = []

    @shop.task(wait=wait_fixed(0.2))
    async def handle(number: int, delivery: Delivery) -> None:
        handled.append(delivery.attempt)
        if delivery.attempt == 1:
            raise OSError("not yet")

    shop.send(1, group="a")
    with shop.running_worker(visibility=43_200):
        shop.events.verdicts(2)
    assert handled == [1, 2]


def test_a_dead_lettered_head_frees_its_group() -> None:
    shop = Shop(fifo=True)
    handled: list[int] = []

    @shop.task(stop=stop_after_attempt(2), wait=wait_none())
    def handle(number: int) -> None:
        handled.append(number)
        if number == 1:
            raise OSError("never")

    shop.send(1, 2, group="a")
    with shop.running_worker():
        verdicts = shop.events.verdicts(3)
    assert isinstance(verdicts[1], DeadLetter)
    assert handled == [1, 1, 2]
    assert [letter["reason"] for letter in shop.dead_letters()] == ["exhausted"]


@pytest.mark.parametrize("fifo", [False, True])
def test_an_idle_worker_makes_long_polls_and_no_other_calls(fifo: bool) -> None:
    # Given a worker that has nothing to do
    shop = Shop(fifo=fifo)
    shop.task()(lambda number: None)
    queue = FlakyQueue(shop.queue)
    with shop.running_worker(queue, wait=1):
        # When some polls have ended with nothing
        until(lambda: queue.calls.count("receive") == 3)
        # Then that was all it asked
        assert set(queue.calls) == {"receive"}
