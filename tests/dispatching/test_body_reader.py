"""Bodies in content types other than JSON, which are read only if the schema of the task names them."""

import pytest
from marshmallow import fields

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.decorators import handles, task
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.errors import ContentDisallowed
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.verdicts import DeadLetter, Drop
from tests.publishing.conftest import Shop
from tests.samples import NOW, ORDER, OrderPlaced


class Packed(PubSubMessageSchema):
    MEDIA_TYPE = ORDER
    CONTENT_TYPE = "msgpack"
    COMPRESSION = "gzip"
    COMPRESS_OVER = 100

    order_id = fields.String(required=True)
    note = fields.String()


@pytest.fixture(params=[True, False])
def published(request):
    """A packed message, received raw and in a notification."""
    shop = Shop()
    shop.bind(Topics({ORDER: shop.topic("orders", raw=request.param)}))
    message_id = shop.tasks.publish(Packed, order_id="o-1", note="x" * 1000)
    (record,) = shop.records("orders")
    return message_id, decode_record(record)


def test_a_task_whose_schema_names_the_type_gets_the_content(published):
    message_id, closed = published
    shop = Shop()
    task(Packed, tasks=shop.tasks)(lambda order_id, note="": None)
    dispatcher = Dispatcher(shop.tasks, "default")

    delivery = dispatcher.read_body(closed)
    call = dispatcher.prepare(delivery, NOW)

    assert isinstance(call, HandlerCall)
    assert call.content == {"order_id": "o-1", "note": "x" * 1000}
    assert delivery.id == message_id


def test_a_wildcard_finds_its_schema_by_the_media_type(published):
    shop = Shop()
    shop.tasks.schemas.register(Packed)
    handles("application/vnd.shop.pubsub._.created.*", tasks=shop.tasks)(lambda content: None)
    dispatcher = Dispatcher(shop.tasks, "default")

    assert isinstance(dispatcher.prepare(dispatcher.read_body(published[1]), NOW), HandlerCall)


def test_a_content_type_that_the_schema_does_not_name_is_a_dead_letter(published):
    shop = Shop()
    task(OrderPlaced, tasks=shop.tasks)(lambda order_id: None)
    dispatcher = Dispatcher(shop.tasks, "default")

    verdict = dispatcher.prepare(dispatcher.read_body(published[1]), NOW)

    assert isinstance(verdict, DeadLetter)
    assert verdict.reason == "undecodable"
    assert isinstance(verdict.error, ContentDisallowed)


def test_a_media_type_that_nobody_handles_is_unknown_whatever_its_content(published):
    shop = Shop()
    dispatcher = Dispatcher(shop.tasks, "default", unknown="drop")

    assert isinstance(dispatcher.prepare(dispatcher.read_body(published[1]), NOW), Drop)


def test_json_is_read_whatever_the_schema_writes():
    shop = Shop()
    shop.bind(Topics({ORDER: shop.topic("orders")}))
    shop.tasks.publish(OrderPlaced, order_id="o-1", total="1")

    (delivery,) = shop.arrived("orders")

    assert Codec(Packed).load(delivery.fields) == {"order_id": "o-1"}
