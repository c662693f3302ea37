"""Messages that are published for a Celery worker."""

import json
from base64 import b64decode

import pytest
from marshmallow import fields

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.decorators import task
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.errors import ConfigurationError, InvalidContent, MessageTooLarge
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.wire.records import Record
from tests.celery_app import SEND_RECEIPT, by_celery, published
from tests.samples import NOW, RememberingPublisher


class Receipt(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.receipt"
    order_id = fields.String(required=True, data_key="orderId")
    total = fields.Decimal(as_string=True)


class CeleryReceipt(Receipt):
    MEDIA_TYPE = "application/vnd.celery-receipt"
    CELERY = True


class Shop:
    """A task, with a publisher that remembers what was published."""

    def __init__(self, schema=Receipt, *, celery=SEND_RECEIPT, inner=None):
        self.tasks, self.publisher = Tasks(), RememberingPublisher()

        def send_receipt(order_id, total=None):
            if inner:
                inner()

        self.task = task(schema, tasks=self.tasks, celery=celery)(send_receipt)
        self.tasks.bind(
            Producer(self.publisher, Topics(prefix="arn:aws:sns:eu-west-1:1:"), self.tasks.schemas)
        )

    @property
    def sent(self):
        return [outgoing for _, outgoing in self.publisher.published]

    @property
    def messages(self):
        return [json.loads(b64decode(outgoing.body)) for outgoing in self.sent]


def test_a_message_for_celery_has_the_form_of_celery_s_own():
    shop = Shop()
    own = published(by_celery(order_id="o-1", total="9.99"))

    message_id = shop.task.options(celery=True).publish(order_id="o-1", total="9.99")

    (message,) = shop.messages
    assert message.keys() == own.keys()
    assert own["headers"].keys() <= message["headers"].keys()
    assert own["properties"].keys() == message["properties"].keys()
    assert json.loads(b64decode(message["body"])) == json.loads(b64decode(own["body"]))
    assert message["headers"]["id"] == message["properties"]["correlation_id"] == message_id
    assert message["headers"]["task"] == SEND_RECEIPT


def test_it_is_read_here_as_it_was_published():
    shop = Shop()

    message_id = shop.task.options(celery=True, headers={"x-tenant": "blue"}, expires=60).publish(
        order_id="o-1"
    )

    delivery = decode_record(Record(shop.sent[0].body, "receipt", "sqs-1", sent_at=NOW))
    assert delivery.id == message_id
    assert delivery.headers["x-tenant"] == "blue"
    assert delivery.published_at != NOW  # its own header says when it was published
    call = Dispatcher(shop.tasks, "default").prepare(delivery, delivery.published_at)
    assert call.content == {"order_id": "o-1"}


def test_expiry_is_celery_s_too():
    shop = Shop()

    shop.task.options(celery=True, expires=60).publish(order_id="o-1")

    assert shop.messages[0]["headers"]["expires"].endswith("+00:00")


def test_a_schema_may_say_that_its_tasks_publish_for_celery():
    shop = Shop(CeleryReceipt)

    shop.task.publish(order_id="o-1")

    assert shop.messages[0]["headers"]["task"] == SEND_RECEIPT


def test_content_is_checked_as_ever():
    with pytest.raises(InvalidContent, match="orderid"):
        Shop().task.options(celery=True).publish(orderid="o-1")


def test_a_task_that_names_no_celery_task_cannot_publish_for_one():
    with pytest.raises(ConfigurationError, match="celery="):
        Shop(celery=()).task.options(celery=True).publish(order_id="o-1")


def test_a_message_too_large_is_refused_since_celery_reads_neither_compression_nor_pointers():
    with pytest.raises(MessageTooLarge):
        Shop().task.options(celery=True).publish(order_id="o" * 300_000)


def test_what_a_handler_publishes_names_its_message_as_its_parent():
    shop = Shop(inner=lambda: shop.task.options(celery=True).publish(order_id="o-2"))
    dispatcher = Dispatcher(shop.tasks, "default")
    shop.task.options(celery=True).publish(order_id="o-1")
    first = decode_record(Record(shop.sent[0].body, "receipt", "sqs-1", sent_at=NOW))

    dispatcher.run(dispatcher.prepare(first, first.published_at), lambda: NOW)

    assert shop.messages[1]["headers"]["parent_id"] == first.id
    assert shop.messages[1]["headers"]["root_id"] == first.id


def test_content_that_is_otherwise_a_cloud_event_is_written_for_celery():
    class Event(CeleryReceipt):
        CLOUD_EVENT = "structured"
        CLOUD_EVENT_SOURCE = "/shop"

    shop = Shop(Event)

    shop.task.publish(order_id="o-1")

    delivery = decode_record(Record(shop.sent[0].body, "receipt", "sqs-1"))
    assert (delivery.defect, delivery.fields["kwargs"]) == (None, {"order_id": "o-1"})
