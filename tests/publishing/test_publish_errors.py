"""Errors in the middle of a publish say what was published before, and invalid content is reported first."""

import asyncio
from dataclasses import dataclass

import pytest
from marshmallow import fields, post_load

from pubsub_tasks import deferred
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.errors import (
    ConfigurationError,
    InvalidContent,
    PublishFailed,
    TopicNotDefinedError,
    Unbound,
)
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.registry import Tasks
from tests.samples import ORDER, OrderPlaced

WRONG = {"order_id": "a", "total": "1", "currencY": "EUR"}


def order(number):
    return {"order_id": str(number), "total": "1"}


@pytest.fixture
def tasks(shop):
    """The third call and those after it fail with an error of configuration."""

    def failing(call, entry):
        if call > 2:
            raise ConfigurationError("the credentials are gone")

    shop.wire.failing = failing
    shop.bind(Topics({ORDER: shop.topic("orders")}))
    return shop.tasks


def publish_many(tasks):
    tasks.publish_many(OrderPlaced, map(order, range(35)))


def publish_in_a_batch(tasks):
    with tasks.batch(OrderPlaced) as batch:
        for number in range(35):
            batch.publish(**order(number))


def publish_at_the_end_of_a_block(tasks):
    with deferred():
        for number in range(35):
            tasks.publish(OrderPlaced, **order(number))


def apublish_many(tasks):
    asyncio.run(tasks.apublish_many(OrderPlaced, map(order, range(35))))


def apublish_many_as_they_come(tasks):
    async def contents():
        for number in range(35):
            yield order(number)

    asyncio.run(tasks.apublish_many(OrderPlaced, contents()))


def publish_at_the_end_of_an_async_block(tasks):
    async def block():
        async with deferred():
            publish_in_order(tasks)

    asyncio.run(block())


def publish_in_order(tasks):
    for number in range(35):
        tasks.publish(OrderPlaced, **order(number))


WAYS = [
    publish_many,
    publish_in_a_batch,
    publish_at_the_end_of_a_block,
    apublish_many,
    apublish_many_as_they_come,
    publish_at_the_end_of_an_async_block,
]


@pytest.mark.parametrize("way", WAYS)
def test_an_error_in_a_later_call_lists_what_was_published(shop, tasks, way):
    with pytest.raises(PublishFailed, match="stopped by ConfigurationError after 20 messages") as failure:
        way(tasks)

    arrived = [(int(each.fields["order_id"]), each.id) for each in shop.arrived("orders")]
    assert failure.value.published == sorted(arrived)
    assert [index for index, *_ in failure.value.published] == list(range(20))
    assert 20 in [index for index, code, _ in failure.value.failed if code == "ConfigurationError"]
    assert isinstance(failure.value.__cause__, ConfigurationError)


def test_an_error_in_the_first_call_is_itself(shop, tasks):
    def failing(call, entry):
        raise ConfigurationError("there are no credentials")

    shop.wire.failing = failing
    for way in WAYS:
        with pytest.raises(ConfigurationError, match="there are no credentials"):
            way(tasks)


def test_an_error_from_the_contents_lists_what_was_published(shop, tasks):
    def contents():
        yield from map(order, range(15))
        raise LookupError("the database is gone")

    with pytest.raises(PublishFailed, match="stopped by LookupError after 10 messages") as failure:
        tasks.publish_many(OrderPlaced, contents())

    assert len(failure.value.published) == 10
    assert [index for index, *_ in failure.value.failed] == list(range(10, 15))


@pytest.mark.parametrize("error", [LookupError("gone"), KeyboardInterrupt()])
def test_a_block_that_raises_keeps_its_error_and_notes_what_was_published(shop, tasks, error):
    batch = tasks.batch(OrderPlaced)

    def block():
        with batch:
            for number in range(15):
                batch.publish(**order(number))
            raise error

    with pytest.raises(type(error)) as failure:
        block()

    assert len(batch.published) == 10
    assert "10 messages were published before" in failure.value.__notes__[0]


def test_invalid_content_on_a_fifo_topic_raises_its_own_error(shop):
    shop.bind(Topics({ORDER: shop.topic("orders.fifo")}))
    grouped = shop.tasks.options(group_id="g")

    with pytest.raises(PublishFailed, match="1 of 2 messages; first content of") as failure:
        grouped.publish_many(OrderPlaced, [order(1), WRONG, order(2)])

    assert [index for index, _ in failure.value.published] == [0]
    assert isinstance(failure.value.__cause__, InvalidContent)


def test_an_interrupt_notes_what_was_published(shop, tasks):
    def contents():
        yield from map(order, range(15))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as failure:
        tasks.publish_many(OrderPlaced, contents())

    assert "10 messages were published before" in failure.value.__notes__[0]


def test_invalid_content_is_reported_before_a_missing_topic(shop):
    shop.bind(Topics({}))
    tasks = shop.tasks

    for wrong in (WRONG, {"order_id": "a"}):
        with pytest.raises(InvalidContent):
            tasks.publish(OrderPlaced, **wrong)
        with pytest.raises(InvalidContent):
            tasks.options(delay=5).publish(OrderPlaced, **wrong)
        with pytest.raises(InvalidContent), tasks.batch(OrderPlaced) as batch:
            batch.publish(**wrong)
        with pytest.raises(PublishFailed) as failure:
            tasks.publish_many(OrderPlaced, [wrong])
        assert isinstance(failure.value.__cause__, InvalidContent)
    with pytest.raises(TopicNotDefinedError):
        tasks.publish(OrderPlaced, **order(1))
    with pytest.raises(TopicNotDefinedError):
        tasks.publish_many(OrderPlaced, [order(1)])


def test_invalid_content_is_reported_before_a_missing_producer():
    tasks = Tasks()

    with pytest.raises(InvalidContent):
        tasks.publish(OrderPlaced, **WRONG)
    with pytest.raises(InvalidContent):
        asyncio.run(tasks.apublish(OrderPlaced, **WRONG))
    with pytest.raises(Unbound):
        tasks.publish(OrderPlaced, **order(1))


@dataclass
class Order:
    order_id: str
    total: int


class OrderAsObject(PubSubMessageSchema):
    MEDIA_TYPE = ORDER
    order_id = fields.String(required=True)
    total = fields.Integer(required=True)

    @post_load
    def make(self, data, **_) -> Order:
        return Order(**data)


def test_objects_are_published_in_every_way(shop):
    producer = shop.bind(Topics({ORDER: shop.topic("orders")}))
    tasks, made = shop.tasks, Order("a", 3)
    tasks.schemas.register(OrderAsObject)

    tasks.publish(OrderAsObject, made)
    tasks.publishable(OrderAsObject).publish(made)
    asyncio.run(tasks.apublish(OrderAsObject, made))
    tasks.publish_many(OrderAsObject, [made, {"order_id": "a", "total": 3}])
    producer.produce(ORDER, made)
    with tasks.batch(OrderAsObject) as batch:
        batch.publish(made)
        batch.publish(order_id="a", total=3)

    found = [(each.fields["order_id"], each.fields["total"]) for each in shop.arrived("orders")]
    assert found == [("a", 3)] * 8


@pytest.mark.parametrize("given", [{"order_id": "a"}, "a", 3])
def test_content_that_is_no_object_of_the_schema_must_be_given_by_keyword(shop, given):
    shop.bind(Topics({ORDER: shop.topic("orders")}))

    with pytest.raises(TypeError, match="content is given by keyword"):
        shop.tasks.publish(OrderAsObject, given)


def test_a_middleware_edits_a_copy(shop):
    def stamping(call_next, publication):
        publication.content["total"] = str(int(publication.content["total"]) + 1)
        return call_next(publication)

    shop.bind(Topics({ORDER: shop.topic("orders")}), middleware=[stamping])
    content = order(1)

    shop.tasks.publish_many(OrderPlaced, [content, content])

    assert content == order(1)
    assert [each.fields["total"] for each in shop.arrived("orders")] == ["2", "2"]
