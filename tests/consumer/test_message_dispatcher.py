"""MessageDispatcher: a batch is handled in the calling thread, each message independently."""

import asyncio
import contextlib

import pytest

from pubsub_tasks import Delivery
from pubsub_tasks.consumer.consumer import Consumer
from pubsub_tasks.consumer.message_dispatcher import MessageDispatcher
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.errors import SettleFailed
from pubsub_tasks.signals import Nack
from pubsub_tasks.verdicts import Ack, DeadLetter, Release, Retry
from tests.odd import RAISED, odd_errors
from tests.worker.shop import Shop


def one_by_one(shop: Shop) -> MessageDispatcher:
    consumer = Consumer(shop.queue, shop.tasks, queue_name="default", wait=0, dead_letters=lambda: shop.dead)
    return MessageDispatcher(consumer, Dispatcher(shop.tasks, "default"))


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_lost_lease_does_not_end_the_batch(lost: int, caplog: pytest.LogCaptureFixture) -> None:
    # Given a handler that retries a message that is deleted meanwhile
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

    # Then the other messages are handled and settled
    assert handled == [0, 1, 2]
    assert [type(verdict) for verdict in verdicts].count(Ack) == 2
    assert shop.queue.attributes().in_flight == 0
    assert "was handled but not settled" in caplog.text


def test_a_failed_settlement_is_logged_and_the_other_messages_are_settled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Given a message whose dead letter is too large for the dead-letter queue
    shop = Shop()
    shop.task()(lambda number: None)
    sqs = shop.transport.client("sqs")
    sqs.set_queue_attributes(QueueUrl=shop.dead.url, Attributes={"MaximumMessageSize": "1024"})
    shop.send(1)
    shop.send_bodies("x" * 5_000)
    shop.send(2)

    # When the batch is handled
    verdicts = one_by_one(shop).handle_batch()

    # Then only that message is left
    assert [type(verdict) for verdict in verdicts] == [Ack, DeadLetter, Ack]
    assert [len(record.body) for record in shop.messages_left()] == []
    assert shop.queue.attributes().in_flight == 1
    assert "was handled but not settled" in caplog.text


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), SystemExit(1)])
def test_a_coroutine_that_raises_a_cancellation_has_failed(error: BaseException) -> None:
    shop = Shop()

    @shop.task()
    async def act(number: int) -> None:
        raise error

    shop.send(1)

    assert [type(verdict) for verdict in one_by_one(shop).handle_batch()] == [Retry]


@pytest.mark.parametrize("raised", [each for each in RAISED if each is not KeyboardInterrupt])
def test_consuming_by_hand_survives_unusual_exceptions(raised: type[BaseException]) -> None:
    # Given a loop in the main thread, where every KeyboardInterrupt counts as Ctrl-C
    shop = Shop()
    shop.task()(lambda number: None)
    consumer = one_by_one(shop).consumer
    for error in odd_errors(raised):
        shop.send(1)
        (message,) = consumer.consume()

        # When one is raised in the block of a message
        with contextlib.suppress(BaseException), message:
            raise error

        # Then the message is retried, and settled once
        with pytest.raises(SettleFailed, match="settled already"):
            message.ack()


def fifo_batch(shop: Shop, failing: int, error: BaseException) -> list[int]:
    handled: list[int] = []

    @shop.task()
    def act(number: int, delivery: Delivery) -> None:
        handled.append(number)
        if number == failing:
            if isinstance(error, SettleFailed):  # gone before it is settled
                shop.queue.change_visibility([(delivery.record.receipt_handle, 0)])
                return
            raise error

    return handled


@pytest.mark.parametrize("error", [Nack(5), SettleFailed("")], ids=["tried again", "not settled"])
def test_followers_in_a_fifo_group_are_given_back_unhandled(error: BaseException) -> None:
    # Given two groups, and the head of one is not deleted
    shop = Shop(fifo=True)
    handled = fifo_batch(shop, 0, error)
    shop.send(0, 1, 2, group="a")
    shop.send(3, group="b")

    # When the batch is handled
    verdicts = one_by_one(shop).handle_batch()

    # Then no follower ran or is deleted, and the other group is handled
    assert sorted(handled) == [0, 3]
    assert [type(verdict) for verdict in verdicts].count(Release) == 2
    found = shop.queue.attributes()
    assert found.visible + found.in_flight == 3


def consumer_of(shop: Shop) -> Consumer:
    shop.task()(lambda number: None)
    shop.send(0, 1, 2, group="a")
    return Consumer(shop.queue, shop.tasks, queue_name="default", wait=0, dead_letters=lambda: shop.dead)


def test_acknowledging_behind_a_message_that_returns_gives_the_message_back() -> None:
    shop = Shop(fifo=True)
    first, second, third = consumer_of(shop).consume()

    first.nack(0)
    second.ack()
    third.settle(DeadLetter("failed"))

    assert [record.body for record in shop.messages_left()] == [
        message.delivery.record.body for message in (first, second, third)
    ]
    assert shop.dead_letters() == []


def test_acknowledging_before_an_earlier_message_of_the_group_is_refused() -> None:
    shop = Shop(fifo=True)
    first, second, _ = consumer_of(shop).consume()

    with pytest.raises(SettleFailed, match="follows one of its group that is not settled yet"):
        second.ack()

    first.ack()
    second.ack()
    assert shop.queue.attributes().in_flight == 1
