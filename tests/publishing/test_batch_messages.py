"""Batch messages of the microcosm family are read, and what they hold goes where it should."""

import json

import pytest

from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.publishing.batch_messages import publish_batch_messages
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from pubsub_tasks.wire.media_types import created
from pubsub_tasks.wire.records import EntryFailure
from tests.samples import NOW, ORDER, body, delivery

BATCH = created("batch_message")


@pytest.fixture
def topic(shop):
    shop.bind(Topics())
    publish_batch_messages(tasks=shop.tasks)
    return shop.topic("orders")


def batch(topic, count):
    """As microcosm-pubsub's producer writes it."""
    messages = [
        {
            "media_type": ORDER,
            "message": body(order_id=f"o-{number}", total="1", headers={"x-message-id": f"m-{number}"}),
            "topic_arn": topic,
            "opaque_data": {"x-request-id": "r-1"},
            "message_attributes": {"media_type": {"DataType": "String", "StringValue": ORDER}},
        }
        for number in range(count)
    ]
    return delivery(json.dumps({"mediaType": BATCH, "opaqueData": {}, "messages": messages}))


def run(shop, given):
    dispatcher = Dispatcher(shop.tasks, "default")
    call = dispatcher.prepare(given, NOW)
    return call if isinstance(call, DeadLetter) else dispatcher.run(call, lambda: NOW)


def test_each_goes_to_its_topic_as_it_was_written(shop, topic):
    assert run(shop, batch(topic, 12)) == Ack()

    arrived = shop.arrived("orders")
    assert [message.id for message in arrived] == [f"m-{number}" for number in range(12)]
    assert {message.attributes["media_type"].value for message in arrived} == {ORDER}
    assert [len(call) for call in shop.wire.calls] == [10, 2]


def test_the_whole_batch_is_retried_if_one_message_fails(shop, topic):
    shop.wire.failing = lambda call, entry: EntryFailure("InvalidParameter", "no", retriable=False)

    assert isinstance(run(shop, batch(topic, 2)), Retry)


def test_content_that_is_not_a_batch_is_invalid(shop, topic):
    given = delivery(json.dumps({"mediaType": BATCH, "messages": [{"media_type": ORDER}]}))

    assert run(shop, given).reason == "invalid"
