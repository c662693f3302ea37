"""Interoperable with microcosm-pubsub, both ways: its own messages are read, and it reads ours."""

import json
from itertools import count
from pathlib import Path

import pytest
from marshmallow import fields

from pubsub_tasks.consumer.consumer import ConsumedMessage, Consumer
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.messages.headers import headers
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.transports.boto_shapes import parse_message
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.wire.media_types import changed, created, deleted

WIRE = json.loads((Path(__file__).parent / "fixtures" / "microcosm_records.json").read_text())
NOW = 1_700_000_000.123456


class Order(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.globality.pubsub._.created.order"

    order_id = fields.String(required=True)
    total = fields.Decimal(required=True, as_string=True)


class World:
    """One topic, to which a queue with raw delivery and one without subscribe."""

    def __init__(self) -> None:
        self.transport = MemoryTransport(clock=lambda: NOW)
        self.sns, self.sqs = self.transport.client("sns"), self.transport.client("sqs")
        self.topic = self.sns.create_topic(Name="all")["TopicArn"]
        self.urls = {name: self._queue(name) for name in ("raw", "enveloped")}
        self.tasks = Tasks()
        self.tasks.schemas.register(Order)

    def _queue(self, name: str) -> str:
        url: str = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.transport.queue(url).attributes().arn
        raw = {"RawMessageDelivery": "true" if name == "raw" else "false"}
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
        return url

    def consumed(self, name: str) -> ConsumedMessage:
        queue = self.transport.queue(self.urls[name])
        (message,) = Consumer(queue, self.tasks, wait=0, clock=lambda: NOW).consume()
        return message


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("form", ["raw", "enveloped"])
@pytest.mark.parametrize("case", WIRE["theirs"], ids=lambda case: case["case"])
def test_we_read_what_their_producer_publishes(world: World, case: dict, form: str) -> None:
    world.sns.publish(TopicArn=world.topic, Message=case["message"], MessageAttributes=case["attributes"])

    message = world.consumed(form)

    assert message.media_type == case["media_type"]
    assert {name: str(value) for name, value in message.content.items()} == case["content"]
    assert message.opaque_data == case["headers"]


def publish_ours(world: World) -> None:
    number = count(1)
    producer = Producer(
        world.transport.publisher(),
        Topics(default=world.topic),
        world.tasks.schemas,
        clock=lambda: NOW,
        new_id=lambda: f"id-{next(number)}",
    )
    producer.produce(Order.MEDIA_TYPE, {"order_id": "o-1"}, total="9.99")
    with headers({"x-request-id": "r-1", "x-request-user": "u-1", "x-request-ttl": "31", "tenant": "Zoë"}):
        producer.produce(created("foo"), uri="http://example.com/foo/1")
        producer.produce(
            changed("foo", public=True), uri="http://example.com/foo/1", field_name="status", new_value="DONE"
        )
        producer.produce(deleted("foo", organization="example"), id="7")


def test_what_we_publish_is_what_they_were_seen_to_read(world: World) -> None:
    publish_ours(world)

    for name in ("raw", "enveloped"):
        ours = world.transport.queue(world.urls[name]).receive(10, 0, None)
        held = [parse_message(case["record"]) for case in WIRE["ours"] if case["case"].endswith(name)]
        assert sorted(map(said, ours)) == sorted(map(said, held))


def said(record) -> str:  # type: ignore[no-untyped-def]
    """The message itself, without what SNS and SQS add to it, which differs from time to time."""
    body = json.loads(record.body)
    return str(body.get("Message", record.body))


@pytest.mark.parametrize("case", WIRE["ours"], ids=lambda case: case["case"])
def test_they_read_from_ours_what_we_read(world: World, case: dict) -> None:
    delivery = decode_record(parse_message(case["record"]))
    content = world.tasks.schemas.find(delivery.media_type or "").load(delivery.fields)

    assert delivery.media_type == case["read"]["media_type"]
    assert {name: str(value) for name, value in content.items()} == case["read"]["content"]
    assert delivery.headers == case["read"]["headers"]
    assert int(delivery.headers["x-request-ttl"]) == case["read"]["ttl"]


def test_a_message_without_opaque_data_is_read_as_well(world: World) -> None:
    world.sns.publish(
        TopicArn=world.topic, Message='{"mediaType": "application/vnd.x.pubsub._.deleted.foo", "id": "7"}'
    )

    for form in ("raw", "enveloped"):
        message = world.consumed(form)
        assert (message.content, message.opaque_data) == ({"id": "7"}, {})
