"""Eager mode: publishing calls the handlers at once."""

import asyncio
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from microcosm.api import binding

import pubsub_tasks
from pubsub_tasks import (
    ConfigurationError,
    Delivery,
    Discard,
    InvalidContent,
    Nack,
    SkipMessage,
    Tasks,
    Unbound,
    configure,
    deferred,
    handles,
    task,
)
from tests.testing.shop import CardDeclined, OrderPlaced, ReceiptSent, Shop


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    configure(eager=True, tasks=shop.tasks)
    return shop


def test_publishing_calls_the_handlers_with_content_as_over_the_wire(shop: Shop) -> None:
    message_id = shop.pay.publish(order_id="7", total="9.99")

    assert message_id
    assert shop.paid == [(7, 1, Decimal("9.99"))]
    assert shop.counted == [7]


def test_content_is_validated_first(shop: Shop) -> None:
    with pytest.raises(InvalidContent):
        shop.pay.publish(order_id="seven", total="9.99")
    with pytest.raises(InvalidContent, match="ordr_id"):
        shop.pay.publish(ordr_id=7, total="9.99")

    assert shop.paid == []


def test_what_a_handler_raises_is_raised_by_publish(shop: Shop) -> None:
    shop.declines(7, 1)

    with pytest.raises(CardDeclined):
        shop.pay.publish(order_id=7, total="9.99")


def test_signals_are_raised_if_the_message_is_not_done_with(shop: Shop) -> None:
    shop.plan = {1: {1: SkipMessage()}, 2: {1: Discard()}, 3: {1: Nack(5)}}

    for order_id in (1, 2):
        shop.pay.publish(order_id=order_id, total="9.99")
    with pytest.raises(Nack):
        shop.pay.publish(order_id=3, total="9.99")


def test_each_queue_has_its_copy_and_a_message_without_a_task_is_published_to_nobody() -> None:
    tasks, seen = Tasks(), []
    configure(eager=True, tasks=tasks)

    @task(OrderPlaced, tasks=tasks, queue="billing")
    def bill(delivery: Delivery) -> None:
        seen.append(("billing", delivery.id))

    # declared after the first publish, as in a notebook
    tasks.publish(OrderPlaced, order_id=7, total="1")

    @task(OrderPlaced, tasks=tasks, queue="stock")
    def reserve(delivery: Delivery) -> None:
        seen.append(("stock", delivery.id))

    message_id = bill.publish(order_id=7, total="1")
    tasks.publish(ReceiptSent, order_id=7)

    assert seen[1:] == [("billing", message_id), ("stock", message_id)]


def test_delays_are_not_waited_for(shop: Shop) -> None:
    shop.pay.options(delay=60).publish(order_id=1, total="1")
    shop.pay.options(delay=86_400).publish(order_id=2, total="1")
    shop.tasks.options(delay=60).publish(OrderPlaced, order_id=3, total="1")

    assert [order_id for order_id, *_ in shop.paid] == [1, 2, 3]


def test_a_deferred_block_calls_at_its_end(shop: Shop) -> None:
    with deferred():
        shop.pay.publish(order_id=7, total="9.99")
        assert shop.paid == []

    assert len(shop.paid) == 1


def test_a_batch_and_many_are_handled_in_order(shop: Shop) -> None:
    shop.pay.publish_many({"order_id": number, "total": "1"} for number in range(12))

    assert shop.counted == list(range(12))


def test_coroutines_are_called_from_a_running_loop_too(shop: Shop) -> None:
    async def cell() -> None:
        shop.send_receipt.publish(order_id=1)
        await shop.send_receipt.apublish(order_id=2)

    asyncio.run(cell())

    assert shop.counted == [1, 2]


def test_fifo_tasks_need_a_group_as_ever() -> None:
    shop = Shop(queue="orders.fifo")
    configure(eager=True, tasks=shop.tasks)

    with pytest.raises(ConfigurationError, match="without a message group"):
        shop.pay.publish(order_id=7, total="1")
    shop.send_receipt.options(group_id="g").publish(order_id=7)
    assert shop.counted == [7]


def test_a_handler_class_is_made_by_a_graph() -> None:
    tasks, seen = Tasks(), []
    configure(eager=True, tasks=tasks)
    tasks.schemas.register(OrderPlaced)

    @binding("eager_counter_of_test")
    @handles(ReceiptSent, tasks=tasks)
    class Counter:
        def __init__(self, graph: Any) -> None:
            self.producer = graph.sns_producer

        def __call__(self, content: dict[str, Any]) -> bool:
            self.producer.produce(OrderPlaced.MEDIA_TYPE, order_id=content["order_id"], total="1")
            return True

    @task(OrderPlaced, tasks=tasks)
    def keep(order_id: int) -> None:
        seen.append(order_id)

    tasks.publish(ReceiptSent, order_id=7)

    assert seen == [7]


def test_it_can_be_ended() -> None:
    shop = Shop()
    with pytest.raises(Unbound):
        shop.pay.publish(order_id=7, total="1")
    configure(eager=True, tasks=shop.tasks)
    shop.pay.publish(order_id=7, total="1")

    configure(eager=False, tasks=shop.tasks)

    with pytest.raises(pubsub_tasks.TopicNotDefinedError):
        shop.pay.publish(order_id=8, total="1")
    assert len(shop.paid) == 1


SCRIPT = """
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, task

class Placed(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.Integer(required=True)

@task(Placed)
def show(order_id):
    print("order", order_id)

show.publish(order_id="7")
"""


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [
        ("1", 0, "order 7"),
        ("0", 1, "TopicNotDefinedError"),
        ("maybe", 1, "PUBSUB_TASKS_EAGER='maybe': write 1 or 0"),
    ],
)
def test_a_variable_turns_it_on_for_a_script(value: str, code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PUBSUB_TASKS_EAGER": value},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, said in done.stdout + done.stderr) == (code, True)
