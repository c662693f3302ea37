"""Queues whose bodies are content and nothing else."""

from marshmallow import INCLUDE

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.decorators import handles
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.transports.raw_content import RawTransport
from pubsub_tasks.wire.records import Outgoing, text


def test_bare_content_gets_the_media_type_unless_it_has_one() -> None:
    memory = MemoryTransport()
    url = memory.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    raw = RawTransport(memory).queue(url)
    raw.send(
        [
            Outgoing('{"a": 1}'),
            Outgoing('{"mediaType": "application/vnd.own", "a": 2}'),
            Outgoing('{"a": 3}', {"media_type": text("application/vnd.attribute")}),
        ]
    )

    deliveries = [decode_record(record) for record in raw.receive(10, 0, None)]

    assert {delivery.fields["a"]: delivery.media_type for delivery in deliveries} == {
        1: "application/json",
        2: "application/vnd.own",
        3: "application/vnd.attribute",
    }


def test_other_calls_are_those_of_the_wrapped_queue() -> None:
    memory = MemoryTransport()
    url = memory.client("sqs").create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})[
        "QueueUrl"
    ]
    transport = RawTransport(memory)
    raw = transport.queue(url)
    arn = raw.attributes().arn

    assert (raw.url, raw.name, raw.fifo) == (url, "orders.fifo", True)
    assert transport.queue_url(arn) == url
    assert transport.features == memory.features
    topic = memory.client("sns").create_topic(Name="orders")["TopicArn"]
    assert transport.publisher().publish(topic, [Outgoing("{}")])

    raw.send([Outgoing("{}", group_id="g", deduplication_id="d")])
    (record,) = raw.receive(1, 0, 30)
    assert raw.change_visibility([(record.receipt_handle, 0)]) == [None]
    (record,) = raw.receive(1, 0, 30)
    assert raw.delete([record.receipt_handle]) == [None]


class Anything(PubSubMessageSchema):
    MEDIA_TYPE = "application/json"

    class Meta:
        unknown = INCLUDE


def test_a_schema_that_includes_all_gets_the_whole_body() -> None:
    memory, tasks, seen = MemoryTransport(), Tasks(), []
    url = memory.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    raw = RawTransport(memory).queue(url)
    handles(Anything, tasks=tasks)(seen.append)
    dispatcher = Dispatcher(tasks, "default")
    raw.send([Outgoing('{"a": 1, "deep": {"b": [2]}}')])

    (record,) = raw.receive(10, 0, None)
    call = dispatcher.prepare(decode_record(record), 0.0)

    assert isinstance(call, HandlerCall)
    dispatcher.run(call, lambda: 0.0)
    assert seen == [{"a": 1, "deep": {"b": [2]}}]
