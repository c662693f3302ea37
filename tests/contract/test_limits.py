"""What SQS and SNS refuse, and with which code: sizes, names, ranges, batches that are none."""

from typing import Any

import pytest

from tests.contract.environments import Environment, bodies, receive, send

TEXT = {"DataType": "String", "StringValue": "x"}


@pytest.mark.parametrize("name", ["a/b", "a.b", "a" * 81, "orders.fifo"])
def test_a_name_that_no_queue_may_have(environment: Environment, name: str) -> None:
    if name.endswith(".fifo"):
        environment.lacks("limits", "a standard queue may be called .fifo")
    assert environment.refusal(environment.sqs.create_queue, QueueName=name) == "InvalidParameterValue"


@pytest.mark.parametrize("name", ["a/b", "a.b", "a" * 257, "orders.fifo"])
def test_a_name_that_no_topic_may_have(environment: Environment, name: str) -> None:
    assert environment.refusal(environment.sns.create_topic, Name=name) == "InvalidParameter"


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
def test_a_queue_attribute_out_of_range(environment: Environment, name: str, value: str) -> None:
    if name != "MaximumMessageSize":
        environment.lacks("limits", "attributes are not checked")

    refusal = environment.refusal(environment.sqs.create_queue, QueueName="ranges", Attributes={name: value})

    assert refusal == "InvalidAttributeValue"


def test_an_unknown_attribute(environment: Environment) -> None:
    url = environment.queue().url
    unknown = {"Colour": "red"}

    assert environment.refusal(
        environment.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Colour"]
    ) == ("InvalidAttributeName")
    environment.lacks("limits", "any attribute can be set")
    refusal = environment.refusal(environment.sqs.set_queue_attributes, QueueUrl=url, Attributes=unknown)
    assert refusal == "InvalidAttributeName"


def test_a_queue_is_found_again_unless_it_differs(environment: Environment) -> None:
    queue = environment.queue(VisibilityTimeout="7")
    again: dict[str, Any] = {"QueueName": queue.name, "Attributes": {"VisibilityTimeout": "7"}}
    assert environment.sqs.create_queue(**again)["QueueUrl"] == queue.url

    again["Attributes"] = {"VisibilityTimeout": "8"}

    assert environment.refusal(environment.sqs.create_queue, **again) == "QueueAlreadyExists"


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
def test_a_message_that_sqs_does_not_take(
    environment: Environment, fault: dict[str, Any], deviation: str
) -> None:
    if deviation:
        environment.lacks("limits", deviation)
    queue = environment.queue()

    refusal = environment.refusal(
        environment.sqs.send_message, **{"QueueUrl": queue.url, "MessageBody": "x", **fault}
    )

    assert refusal in {"InvalidParameterValue", "MissingParameter"}
    assert receive(queue) == []


def test_a_delay_is_not_for_single_fifo_messages(environment: Environment) -> None:
    queue = environment.queue(fifo=True)
    told = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1}

    assert (
        environment.refusal(environment.sqs.send_message, QueueUrl=queue.url, **told)
        == "InvalidParameterValue"
    )


def test_an_invalid_batch_to_send(environment: Environment) -> None:
    def refusal(*ids: str) -> str:
        entries = [{"Id": given, "MessageBody": "x"} for given in ids]
        return environment.refusal(environment.sqs.send_message_batch, QueueUrl=queue.url, Entries=entries)

    queue = environment.queue()

    assert refusal() == "EmptyBatchRequest"
    assert refusal("a", "a") == "BatchEntryIdsNotDistinct"
    assert refusal("a b") == "InvalidBatchEntryId"
    assert refusal(*"0123456789x") == "TooManyEntriesInBatchRequest"
    assert receive(queue) == []


def test_an_invalid_batch_to_settle(environment: Environment) -> None:
    environment.lacks("limits", "eleven are taken, and ids are not checked")
    queue = environment.queue()

    for call in (environment.sqs.delete_message_batch, environment.sqs.change_message_visibility_batch):
        for ids, code in (
            ("", "EmptyBatchRequest"),
            ("aa", "BatchEntryIdsNotDistinct"),
            ("0123456789x", "TooManyEntriesInBatchRequest"),
        ):
            entries = [{"Id": given, "ReceiptHandle": "x"} for given in ids]
            assert environment.refusal(call, QueueUrl=queue.url, Entries=entries) == code


def test_an_invalid_batch_to_publish(environment: Environment) -> None:
    def refusal(*ids: str) -> str:
        entries = [{"Id": given, "Message": "x"} for given in ids]
        return environment.refusal(
            environment.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries
        )

    topic = environment.topic()

    assert refusal("a", "a") == "BatchEntryIdsNotDistinct"
    assert refusal(*"0123456789x") == "TooManyEntriesInBatchRequest"
    environment.lacks("limits", "PublishBatch takes no entries, and any id")
    assert refusal() == "EmptyBatchRequest"
    assert refusal("a b") == "InvalidBatchEntryId"


def test_a_batch_is_limited_to_the_size_of_one_message(environment: Environment) -> None:
    environment.lacks("limits", "the sum of bodies alone is looked at")
    queue, topic = environment.queue(), environment.topic()
    half, more = "x" * 524_288, "x" * 524_289

    entries = [{"Id": "0", "MessageBody": half}, {"Id": "1", "MessageBody": more}]
    assert environment.refusal(environment.sqs.send_message_batch, QueueUrl=queue.url, Entries=entries) == (
        "BatchRequestTooLong"
    )
    published = [{"Id": "0", "Message": half[:131_072]}, {"Id": "1", "Message": half[:131_073]}]
    refusal = environment.refusal(
        environment.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=published
    )
    assert refusal == "BatchRequestTooLong"


def test_a_topic_may_take_a_mebibyte(environment: Environment) -> None:
    environment.lacks("limits", "MaximumMessageSize of a topic is stored and not honoured")
    topic, queue = environment.topic(MaximumMessageSize="1048576"), environment.queue()
    environment.subscribe(topic, queue)

    environment.sns.publish(TopicArn=topic, Message="x" * 1_048_576)

    assert [len(body) for body in bodies(receive(queue))] == [1_048_576]


def test_a_purge_empties_a_queue_once_a_minute(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "a", "b")
    receive(queue, limit=1)

    environment.sqs.purge_queue(QueueUrl=queue.url)

    assert receive(queue) == []
    assert queue.attributes().in_flight == 0
    refusal = environment.refusal(environment.sqs.purge_queue, QueueUrl=queue.url)
    assert refusal == "PurgeQueueInProgress"


def test_tags(environment: Environment) -> None:
    queue, topic = environment.queue(), environment.topic()

    environment.sqs.tag_queue(QueueUrl=queue.url, Tags={"team": "shop", "env": "dev"})
    environment.sqs.untag_queue(QueueUrl=queue.url, TagKeys=["env"])
    environment.sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "team", "Value": "shop"}])

    assert environment.sqs.list_queue_tags(QueueUrl=queue.url)["Tags"] == {"team": "shop"}
    told = environment.sns.list_tags_for_resource(ResourceArn=topic)["Tags"]
    assert told == [{"Key": "team", "Value": "shop"}]


def test_queues_are_listed_by_prefix(environment: Environment) -> None:
    queue = environment.queue()

    listed = environment.sqs.list_queues(QueueNamePrefix=queue.name)

    assert listed["QueueUrls"] == [queue.url]
