"""Settling: answers entry by entry, lost leases, and batches of dead letters."""

from collections.abc import Sequence
from threading import Event
from typing import ClassVar

import pytest

from pubsub_tasks import Delivery
from pubsub_tasks.errors import SettleFailed
from pubsub_tasks.signals import Nack, Reject
from pubsub_tasks.tasks.events import Lost
from pubsub_tasks.verdicts import Ack
from pubsub_tasks.wire.records import EntryFailure, Outgoing, Sent, text
from tests.worker.shop import FlakyQueue, Shop, until, wait


class LosesLeases(FlakyQueue):
    """A queue that answers each visibility change with a lost lease."""

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> list[EntryFailure | None]:
        super().change_visibility([])
        return [EntryFailure("MessageNotInflight", "gone", retriable=False, lost=True) for _ in changes]


class RecordsSizes(FlakyQueue):
    """A queue that records the size of each send."""

    def __init__(self, queue: object) -> None:
        super().__init__(queue)  # type: ignore[arg-type]
        self.sizes: list[int] = []

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        self.sizes.append(sum(entry.size for entry in entries))
        return super().send(entries)


def test_a_lost_lease_is_visible_to_the_handler_and_counted_and_the_delete_is_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Given a lease that the service says is gone while the handler runs
    shop = Shop()
    seen: list[Delivery] = []
    may_end = Event()

    @shop.task()
    def handle(number: int, delivery: Delivery) -> None:
        seen.append(delivery)
        wait(may_end)

    queue = LosesLeases(shop.queue)
    shop.send(1)
    with shop.running_worker(queue, visibility=2) as worker:
        lost = shop.events.next(Lost)
        # Then the handler can see it
        assert seen[0].lost
        assert lost.delivery.id == seen[0].id
        may_end.set()
        # And the message is still deleted
        assert shop.events.next().verdict == Ack()
        until(lambda: "delete" in queue.calls)
        assert worker.counters.lost == 1


def test_a_lease_that_cannot_be_extended_is_lost_when_it_ends() -> None:
    shop = Shop()
    may_end = Event()

    @shop.task()
    def handle(number: int) -> None:
        wait(may_end)

    queue = FlakyQueue(shop.queue)
    queue.failing["change_visibility"] = OSError("no network")
    shop.send(1)
    with shop.running_worker(queue, visibility=2, threads=1, receivers=1) as worker:
        shop.events.next(Lost)
        assert worker.counters.lost == 1
        assert queue.calls.count("change_visibility") > 1
        queue.failing.clear()
        may_end.set()


def test_dead_letters_are_split_into_batches_by_size() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    dead = RecordsSizes(shop.dead)
    for _ in range(5):
        shop.send_bodies("x" * 400_000)
    with shop.running_worker(dead_letters=dead) as worker:
        until(lambda: worker.counters.dead_lettered.total() == 5)
    assert max(dead.sizes) <= 1_048_576
    assert shop.messages_left() == []


def test_dead_letters_refused_for_their_size_do_not_stop_the_worker() -> None:
    # Given more messages too large for the dead-letter queue than may be in flight, before valid ones
    shop = Shop()
    shop.task()(lambda number: None)
    sqs = shop.transport.client("sqs")
    sqs.set_queue_attributes(QueueUrl=shop.dead.url, Attributes={"MaximumMessageSize": "1024"})
    for _ in range(120):
        shop.send_bodies(*["x" * 2_000] * 10)
    shop.send(*range(5))

    # When a worker handles them
    with shop.running_worker(threads=1, receivers=1) as worker:
        most = 0

        def handled() -> bool:
            nonlocal most
            most = max(most, len(worker._coordinator._inflight))
            return worker.counters.acked == 5

        until(handled)
        until(lambda: len(worker._coordinator._inflight) == 0)

    # Then the valid ones are handled, and nothing was lost
    assert most <= 1_000
    assert shop.queue.attributes().in_flight + shop.queue.attributes().visible >= 1_200
    assert worker.counters.dead_lettered.total() == 0


def test_a_dead_letter_that_makes_a_whole_batch_fail_is_sent_alone() -> None:
    # Given a dead-letter queue that refuses each batch with a certain dead letter
    class Choosy(FlakyQueue):
        def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
            self.sizes.append(len(entries))
            if any(entry.body == "odd" for entry in entries):
                raise SettleFailed("not these", code="AWS.SimpleQueueService.BatchRequestTooLong")
            return super().send(entries)

        sizes: ClassVar[list[int]] = []

    shop = Shop()
    shop.task()(lambda number: None)
    shop.send_bodies("one", "odd", "two", "three")

    # When they are sent together
    with shop.running_worker(dead_letters=Choosy(shop.dead)) as worker:
        until(lambda: worker.counters.dead_lettered.total() == 3)
        until(lambda: len(worker._coordinator._inflight) == 0)

    # Then the others are dead-lettered, and that one went back to its queue
    assert shop.queue.attributes().in_flight == 1
    assert max(Choosy.sizes) > 1


@pytest.mark.parametrize("call", ["delete", "change_visibility", "send"])
def test_messages_in_flight_are_limited_however_long_settlements_fail(call: str) -> None:
    # Given a queue with more messages than may be in flight, and a kind of call that fails
    shop = Shop()

    @shop.task()
    def act(number: int) -> None:
        if call == "change_visibility":
            raise Nack(600)
        if call == "send":
            raise Reject

    for start in range(0, 1_500, 10):
        shop.send(*range(start, start + 10))
    queue, dead = FlakyQueue(shop.queue), FlakyQueue(shop.dead)
    for each in (queue, dead):
        each.failing[call] = SettleFailed("an outage", code="InternalError")

    # When a worker handles them
    with shop.running_worker(queue, dead_letters=dead, threads=2, receivers=2) as worker:
        until(lambda: len(worker._coordinator._inflight) >= 990)
        calls = queue.calls.count(call) + dead.calls.count(call)
        until(lambda: queue.calls.count(call) + dead.calls.count(call) > calls + 50)
        most = len(worker._coordinator._inflight)
        queue.failing.clear()
        dead.failing.clear()
        until(lambda: worker.counters.received >= 1_500 and len(worker._coordinator._inflight) == 0)

    # Then it has a limit, and all is settled once the calls work
    assert most <= 1_000


def test_a_message_with_a_forged_dead_letter_attribute_is_dead_lettered() -> None:
    # Given a body that cannot be decoded, and a `dead_letter` attribute with wrong types
    shop = Shop()
    shop.task()(lambda number: None)
    forged = text('{"attributes":{"a":{"type":1,"text":2}},"attempts":{},"failed_at":[]}')
    shop.queue.send([Outgoing("no json", {"dead_letter": forged}), Outgoing("nor this")])

    # When a worker handles it beside another
    with shop.running_worker() as worker:
        until(lambda: worker.counters.dead_lettered.total() == 2)

    # Then both are dead letters
    assert [letter["reason"] for letter in shop.dead_letters()] == ["undecodable"] * 2
