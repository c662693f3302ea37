"""What SQS and SNS refuse, and with which code: sizes, names, ranges, batches that are none."""

from typing import Any

import pytest

from tests.contract.worlds import World, bodies, receive, send

TEXT = {"DataType": "String", "StringValue": "x"}


@pytest.mark.parametrize("name", ["a/b", "a.b", "a" * 81, "orders.fifo"])
def test_a_name_that_no_queue_may_have(world: World, name: str) -> None:
    if name.endswith(".fifo"):
        world.lacks("limits", "a standard queue may be called .fifo")
    assert world.refusal(world.sqs.create_queue, QueueName=name) == "InvalidParameterValue"


@pytest.mark.parametrize("name", ["a/b", "a.b", "a" * 257, "orders.fifo"])
def test_a_name_that_no_topic_may_have(world: World, name: str) -> None:
    assert world.refusal(world.sns.create_topic, Name=name) == "InvalidParameter"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DelaySeconds", "901"),
        ("MaximumMessageSize", "1023"),
        ("MessageRetentionPeriod", "59"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("VisibilityTimeout", "43201"),
    ],
)
def test_a_queue_attribute_out_of_range(world: World, name: str, value: str) -> None:
    if name != "MaximumMessageSize":
        world.lacks("limits", "attributes are not checked")

    refusal = world.refusal(world.sqs.create_queue, QueueName="ranges", Attributes={name: value})

    assert refusal == "InvalidAttributeValue"


def test_an_attribute_that_is_none(world: World) -> None:
    url = world.queue().url
    unknown = {"Colour": "red"}

    assert world.refusal(world.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Colour"]) == (
        "InvalidAttributeName"
    )
    world.lacks("limits", "any attribute can be set")
    refusal = world.refusal(world.sqs.set_queue_attributes, QueueUrl=url, Attributes=unknown)
    assert refusal == "InvalidAttributeName"


def test_a_queue_is_found_again_unless_it_differs(world: World) -> None:
    queue = world.queue(VisibilityTimeout="7")
    again: dict[str, Any] = {"QueueName": queue.name, "Attributes": {"VisibilityTimeout": "7"}}
    assert world.sqs.create_queue(**again)["QueueUrl"] == queue.url

    again["Attributes"] = {"VisibilityTimeout": "8"}

    assert world.refusal(world.sqs.create_queue, **again) == "QueueAlreadyExists"


@pytest.mark.parametrize(
    ("fault", "deviation"),
    [
        ({"MessageBody": ""}, "an empty body is taken"),
        ({"DelaySeconds": -1}, "a negative delay is taken"),
        ({"DelaySeconds": 901}, ""),
        ({"MessageAttributes": {f"a{n}": TEXT for n in range(11)}}, "eleven attributes are taken"),
        ({"MessageAttributes": {"a..b": TEXT}}, "only the characters of a name are checked"),
        ({"MessageAttributes": {"AWS.x": TEXT}}, "reserved names are taken"),
        ({"MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}}, ""),
        ({"MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}}, "empty values are taken"),
        (
            {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}},
            "a number may be anything",
        ),
    ],
)
def test_a_message_that_sqs_does_not_take(world: World, fault: dict[str, Any], deviation: str) -> None:
    if deviation:
        world.lacks("limits", deviation)
    queue = world.queue()

    refusal = world.refusal(world.sqs.send_message, **{"QueueUrl": queue.url, "MessageBody": "x", **fault})

    assert refusal in {"InvalidParameterValue", "MissingParameter"}
    assert receive(queue) == []


def test_a_delay_is_not_for_single_fifo_messages(world: World) -> None:
    queue = world.queue(fifo=True)
    told = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1}

    assert world.refusal(world.sqs.send_message, QueueUrl=queue.url, **told) == "InvalidParameterValue"


def test_a_batch_to_send_that_is_none(world: World) -> None:
    def refusal(*ids: str) -> str:
        entries = [{"Id": given, "MessageBody": "x"} for given in ids]
        return world.refusal(world.sqs.send_message_batch, QueueUrl=queue.url, Entries=entries)

    queue = world.queue()

    assert refusal() == "EmptyBatchRequest"
    assert refusal("a", "a") == "BatchEntryIdsNotDistinct"
    assert refusal("a b") == "InvalidBatchEntryId"
    assert refusal(*"0123456789x") == "TooManyEntriesInBatchRequest"
    assert receive(queue) == []


def test_a_batch_to_settle_that_is_none(world: World) -> None:
    world.lacks("limits", "eleven are taken, and ids are not checked")
    queue = world.queue()

    for call in (world.sqs.delete_message_batch, world.sqs.change_message_visibility_batch):
        for ids, code in (
            ("", "EmptyBatchRequest"),
            ("aa", "BatchEntryIdsNotDistinct"),
            ("0123456789x", "TooManyEntriesInBatchRequest"),
        ):
            entries = [{"Id": given, "ReceiptHandle": "x"} for given in ids]
            assert world.refusal(call, QueueUrl=queue.url, Entries=entries) == code


def test_a_batch_to_publish_that_is_none(world: World) -> None:
    def refusal(*ids: str) -> str:
        entries = [{"Id": given, "Message": "x"} for given in ids]
        return world.refusal(world.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)

    topic = world.topic()

    assert refusal("a", "a") == "BatchEntryIdsNotDistinct"
    assert refusal(*"0123456789x") == "TooManyEntriesInBatchRequest"
    world.lacks("limits", "PublishBatch takes no entries, and any id")
    assert refusal() == "EmptyBatchRequest"
    assert refusal("a b") == "InvalidBatchEntryId"


def test_a_batch_weighs_no_more_than_a_message(world: World) -> None:
    world.lacks("limits", "the sum of bodies alone is looked at")
    queue, topic = world.queue(), world.topic()
    half, more = "x" * 524_288, "x" * 524_289

    entries = [{"Id": "0", "MessageBody": half}, {"Id": "1", "MessageBody": more}]
    assert world.refusal(world.sqs.send_message_batch, QueueUrl=queue.url, Entries=entries) == (
        "BatchRequestTooLong"
    )
    published = [{"Id": "0", "Message": half[:131_072]}, {"Id": "1", "Message": half[:131_073]}]
    refusal = world.refusal(world.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=published)
    assert refusal == "BatchRequestTooLong"


def test_a_topic_may_take_a_mebibyte(world: World) -> None:
    world.lacks("limits", "MaximumMessageSize of a topic is stored and not honoured")
    topic, queue = world.topic(MaximumMessageSize="1048576"), world.queue()
    world.subscribe(topic, queue)

    world.sns.publish(TopicArn=topic, Message="x" * 1_048_576)

    assert [len(body) for body in bodies(receive(queue))] == [1_048_576]


def test_a_purge_empties_a_queue_once_a_minute(world: World) -> None:
    queue = world.queue()
    send(queue, "a", "b")
    receive(queue, limit=1)

    world.sqs.purge_queue(QueueUrl=queue.url)

    assert receive(queue) == []
    assert queue.attributes().in_flight == 0
    refusal = world.refusal(world.sqs.purge_queue, QueueUrl=queue.url)
    assert refusal == "PurgeQueueInProgress"


def test_tags(world: World) -> None:
    queue, topic = world.queue(), world.topic()

    world.sqs.tag_queue(QueueUrl=queue.url, Tags={"team": "shop", "env": "dev"})
    world.sqs.untag_queue(QueueUrl=queue.url, TagKeys=["env"])
    world.sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "team", "Value": "shop"}])

    assert world.sqs.list_queue_tags(QueueUrl=queue.url)["Tags"] == {"team": "shop"}
    told = world.sns.list_tags_for_resource(ResourceArn=topic)["Tags"]
    assert told == [{"Key": "team", "Value": "shop"}]


def test_queues_are_listed_by_prefix(world: World) -> None:
    queue = world.queue()

    listed = world.sqs.list_queues(QueueNamePrefix=queue.name)

    assert listed["QueueUrls"] == [queue.url]
