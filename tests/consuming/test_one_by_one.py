"""A batch handled in the calling thread: each message stands for itself."""

import asyncio
import contextlib

import pytest

from pubsub_tasks import Delivery
from pubsub_tasks.consuming.consumer import Consumer
from pubsub_tasks.consuming.dispatch import Dispatcher
from pubsub_tasks.consuming.one_by_one import MessageDispatcher
from pubsub_tasks.errors import SettleFailed
from pubsub_tasks.signals import Nack
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from tests.odd import RAISED, odd_errors

from .shops import Shop


def one_by_one(shop: Shop) -> MessageDispatcher:
    consumer = Consumer(shop.queue, shop.tasks, queue_name="default", wait=0, dead_letters=lambda: shop.dead)
    return MessageDispatcher(consumer, Dispatcher(shop.tasks, "default"))


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_lost_lease_does_not_end_the_batch(lost: int, caplog: pytest.LogCaptureFixture) -> None:
    # Given a handler that asks for another try of a message that is gone meanwhile
    shop = Shop()
    handled: list[int] = []

    @shop.task()
    def act(number: int, delivery: Delivery) -> None:
        handled.append(number)
        if number == lost:
            shop.queue.delete([delivery.record.receipt_handle])
            raise Nack(5)

    shop.send(0, 1, 2)

    # When the batch is handled
    verdicts = one_by_one(shop).handle_batch()

    # Then its neighbours are handled and settled all the same
    assert handled == [0, 1, 2]
    assert [type(verdict) for verdict in verdicts].count(Ack) == 2
    assert shop.queue.attributes().in_flight == 0
    assert "was handled and not settled" in caplog.text


def test_a_settlement_that_fails_is_logged_and_its_neighbours_are_settled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Given a message whose letter cannot be sent, since it is too large for the dead-letter queue
    shop = Shop()
    shop.task()(lambda number: None)
    sqs = shop.transport.client("sqs")
    sqs.set_queue_attributes(QueueUrl=shop.dead.url, Attributes={"MaximumMessageSize": "1024"})
    shop.send(1)
    shop.send_bodies("x" * 5_000)
    shop.send(2)

    # When the batch is handled
    verdicts = one_by_one(shop).handle_batch()

    # Then only that one is left
    assert [type(verdict) for verdict in verdicts] == [Ack, DeadLetter, Ack]
    assert [len(record.body) for record in shop.left()] == []
    assert shop.queue.attributes().in_flight == 1
    assert "was handled and not settled" in caplog.text


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), SystemExit(1)])
def test_a_coroutine_that_raises_what_ends_coroutines_has_failed(error: BaseException) -> None:
    shop = Shop()

    @shop.task()
    async def act(number: int) -> None:
        raise error

    shop.send(1)

    assert [type(verdict) for verdict in one_by_one(shop).handle_batch()] == [Retry]


@pytest.mark.parametrize("raised", [each for each in RAISED if each is not KeyboardInterrupt])
def test_messages_by_hand_survive_odd_exceptions_too(raised: type[BaseException]) -> None:
    # Given a loop of one's own, in the main thread: a KeyboardInterrupt there is Ctrl-C, whatever raises it
    shop = Shop()
    shop.task()(lambda number: None)
    consumer = one_by_one(shop).consumer
    for error in odd_errors(raised):
        shop.send(1)
        (message,) = consumer.consume()

        # When one leaves the block of its message
        with contextlib.suppress(BaseException), message:
            raise error

        # Then it is to be tried again, and settled once
        with pytest.raises(SettleFailed, match="settled already"):
            message.ack()
