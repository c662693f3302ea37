"""Settling: commands answered entry by entry, leases that are lost, letters that do not fit one call."""

from collections.abc import Sequence
from threading import Event

import pytest

from pubsub_tasks import Delivery
from pubsub_tasks.events import Lost
from pubsub_tasks.verdicts import Ack
from pubsub_tasks.wire import EntryFailure, Outgoing, Sent

from .shops import Flaky, Shop, until, wait


class Losing(Flaky):
    """A queue that says of each receipt that it is no longer good."""

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> list[EntryFailure | None]:
        super().change_visibility([])
        return [EntryFailure("MessageNotInflight", "gone", retriable=False, lost=True) for _ in changes]


class Small(Flaky):
    """A queue that notes how much each call brought."""

    def __init__(self, queue: object) -> None:
        super().__init__(queue)  # type: ignore[arg-type]
        self.sizes: list[int] = []

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        self.sizes.append(sum(entry.size for entry in entries))
        return super().send(entries)


def test_a_lost_lease_is_told_to_the_handler_counted_and_the_delete_is_tried(
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

    queue = Losing(shop.queue)
    shop.send(1)
    with shop.working(queue, visibility=2) as worker:
        lost = shop.facts.next(Lost)
        # Then the handler can see it
        assert seen[0].lost
        assert lost.delivery.id == seen[0].id
        may_end.set()
        # And what it did is deleted all the same
        assert shop.facts.next().verdict == Ack()
        until(lambda: "delete" in queue.calls)
        assert worker.tally.lost == 1


def test_a_lease_that_cannot_be_extended_is_lost_when_it_ends() -> None:
    shop = Shop()
    may_end = Event()

    @shop.task()
    def handle(number: int) -> None:
        wait(may_end)

    queue = Flaky(shop.queue)
    queue.failing["change_visibility"] = OSError("no network")
    shop.send(1)
    with shop.working(queue, visibility=2, threads=1, receivers=1) as worker:
        shop.facts.next(Lost)
        assert worker.tally.lost == 1
        assert queue.calls.count("change_visibility") > 1
        queue.failing.clear()
        may_end.set()


def test_letters_are_sent_in_as_many_calls_as_their_size_asks_for() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    dead = Small(shop.dead)
    for _ in range(5):
        shop.send_bodies("x" * 400_000)
    with shop.working(dead_letters=dead) as worker:
        until(lambda: worker.tally.dead_lettered.total() == 5)
    assert max(dead.sizes) <= 1_048_576
    assert shop.left() == []
