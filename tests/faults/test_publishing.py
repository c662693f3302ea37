"""What a publisher does when it is not told whether a message went through."""

import pytest

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.schema_registry import SchemaRegistry
from pubsub_tasks.errors import PublishFailed
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from tests.faults.proxy import Fault, Plan, Proxy
from tests.samples import ORDER, OrderPlaced

CONTENT = {"order_id": "o-1", "total": "1"}


class First(Plan):
    """The first so many publishes meet a fault."""

    def __init__(self, fault, count):
        super().__init__(0, {})
        object.__setattr__(self, "_met", (fault, count))

    def fault(self, action, number):
        fault, count = self._met
        return fault if action == "PublishBatch" and number < count else None


@pytest.fixture
def orders(world, broker):
    """A topic with a queue, and what arrives there."""
    sns, sqs = world.transport.client("sns"), world.transport.client("sqs")
    arn = sns.create_topic(Name="unclear")["TopicArn"]
    queue = world.transport.queue(sqs.create_queue(QueueName="unclear")["QueueUrl"])
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.attributes().arn)
    yield arn, lambda: [decode_record(record) for record in queue.receive(10, 0, 30)]
    sqs.delete_queue(QueueUrl=queue.url)
    sns.delete_topic(TopicArn=arn)


def producer(proxy, arn):
    transport = AwsTransport(ClientSettings(endpoint_url=proxy.url, read_timeout=5))
    return Producer(transport.publisher(), Topics({ORDER: arn}), SchemaRegistry())


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.HALF, Fault.FAILED])
def test_after_an_unclear_answer_both_copies_are_one_message(orders, broker, fault):
    arn, arrived = orders
    with Proxy(broker, First(fault, 1)) as proxy:
        message_id = producer(proxy, arn).publish(Codec(OrderPlaced), CONTENT)

    deliveries = arrived()
    assert [delivery.id for delivery in deliveries] == [message_id] * 2
    assert len({delivery.sqs_message_id for delivery in deliveries}) == 2


def test_what_never_got_through_is_told_and_is_not_there(orders, broker):
    arn, arrived = orders
    with Proxy(broker, First(Fault.RESET, 99)) as proxy, pytest.raises(PublishFailed) as caught:
        producer(proxy, arn).publish(Codec(OrderPlaced), CONTENT)

    assert [index for index, *_ in caught.value.failed] == [0]
    assert arrived() == []
