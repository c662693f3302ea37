"""Publishing: the copies that queues get, raw or enveloped, and what becomes of one that is not taken."""

import base64
import json

import pytest

TEXT = {"DataType": "String", "StringValue": "x"}


def many(count):
    return {f"a{number}": TEXT for number in range(count)}


def test_every_subscriber_gets_a_copy_of_its_own(client):
    topic = client.topic()
    queues = [client.queue(name) for name in ("a", "b")]
    for url in queues:
        client.subscribe(topic, url)

    client.publish(topic, "hello", MessageAttributes=many(10))

    one, other = (client.receive_one(url) for url in queues)
    assert one["Body"] == other["Body"] == "hello"
    assert one["MessageId"] != other["MessageId"]
    assert one["MessageAttributes"] == many(10)


def test_an_envelope_is_a_notification(client):
    topic, url = client.topic(), client.queue()
    arn = client.subscribe(topic, url, raw=False)
    attributes = {
        "n": {"DataType": "Number", "StringValue": "1"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
    }

    published = client.publish(topic, 'say "é"', Subject="Hi", MessageAttributes=attributes)

    message = client.receive_one(url)
    result = json.loads(message["Body"])
    assert "MessageAttributes" not in message
    assert result["Type"] == "Notification"
    assert (result["MessageId"], result["TopicArn"]) == (published["MessageId"], topic)
    assert (result["Subject"], result["Message"]) == ("Hi", 'say "é"')
    assert result["Timestamp"] == "2025-06-15T15:06:40.000Z"
    assert result["MessageAttributes"] == {
        "n": {"Type": "Number", "Value": "1"},
        "seal": {"Type": "Binary", "Value": base64.b64encode(b"\0\xff").decode()},
    }
    assert result["SignatureVersion"] == "1"
    assert set(result) >= {"Signature", "SigningCertURL", "UnsubscribeURL"}
    assert arn in result["UnsubscribeURL"]


def test_raw_delivery_loses_the_subject(client):
    topic, url = client.topic(), client.queue()
    client.subscribe(topic, url)

    client.publish(topic, "hello", Subject="Hi")

    assert client.bodies(url) == ["hello"]


def test_the_age_of_a_copy_starts_when_it_reaches_the_queue_and_its_delay_too(client):
    topic, url = client.topic(), client.queue(DelaySeconds="10")
    client.subscribe(topic, url)
    client.publish(topic)

    assert client.counts(url) == (0, 0, 1)


@pytest.mark.parametrize("raw", [True, False])
def test_a_structured_message_has_a_text_for_queues_and_no_attributes(client, raw):
    topic, url = client.topic(), client.queue()
    client.subscribe(topic, url, raw)
    for texts in ({"default": "d", "sqs": "s"}, {"default": "d", "email": "e"}):
        client.publish(topic, json.dumps(texts), MessageStructure="json", MessageAttributes=many(1))

    bodies = client.receive(url)

    assert [b["Body"] if raw else json.loads(b["Body"])["Message"] for b in bodies] == ["s", "d"]
    assert not any("MessageAttributes" in body for body in bodies)


def test_filter_policies_choose_by_attributes_or_by_body(client):
    topic = client.topic()
    vip, large = client.queue("vip"), client.queue("large")
    client.subscribe(topic, vip, FilterPolicy='{"kind": ["vip"]}')
    policy = '{"order": {"total": [{"numeric": [">", 100]}]}}'
    client.subscribe(topic, large, FilterPolicy=policy, FilterPolicyScope="MessageBody")

    kind = {"kind": {"DataType": "String", "StringValue": "vip"}}
    client.publish(topic, '{"order": {"total": 99}}', MessageAttributes=kind)
    client.publish(topic, '{"order": {"total": 101}}')

    assert client.bodies(vip) == ['{"order": {"total": 99}}']
    assert client.bodies(large) == ['{"order": {"total": 101}}']


def test_a_raw_copy_of_eleven_attributes_goes_to_the_subscriptions_dead_letter_queue(client):
    # Given one subscriber with and one without a dead-letter queue, and one that gets envelopes
    topic, letters = client.topic(), client.queue("letters")
    raw, lost, enveloped = client.queue("raw"), client.queue("lost"), client.queue("enveloped")
    client.subscribe(topic, raw, RedrivePolicy=json.dumps({"deadLetterTargetArn": client.arn(letters)}))
    client.subscribe(topic, lost)
    client.subscribe(topic, enveloped, raw=False)

    # When a message has more attributes than SQS takes
    client.publish(topic, "eleven", MessageAttributes=many(11))

    # Then the publisher has no part in it, and the raw copy is in the dead-letter queue with a reason
    assert client.receive(raw) == client.receive(lost) == []
    assert len(json.loads(client.receive_one(enveloped)["Body"])["MessageAttributes"]) == 11
    letter = client.receive_one(letters)
    assert letter["Body"] == "eleven"
    assert set(letter["MessageAttributes"]) == {"RequestID", "ErrorCode", "ErrorMessage"}
    assert "attributes" in letter["MessageAttributes"]["ErrorMessage"]["StringValue"]


def test_a_copy_for_a_queue_that_is_gone_disturbs_nobody(client):
    topic, letters = client.topic(), client.queue("letters")
    gone, there = client.queue("gone"), client.queue("there")
    client.subscribe(topic, gone, RedrivePolicy=json.dumps({"deadLetterTargetArn": client.arn(letters)}))
    client.subscribe(topic, there)
    client.sqs("DeleteQueue", QueueUrl=gone)

    client.publish(topic, "hello", MessageAttributes=many(2))

    assert client.bodies(there) == ["hello"]
    letter = client.receive_one(letters)
    assert letter["Body"] == "hello"
    assert len(letter["MessageAttributes"]) == 5


def test_a_dead_letter_queue_that_cannot_take_a_copy_either_loses_it(client):
    topic, gone = client.topic(), client.queue("gone")
    target = client.arn(gone) + "-never-there"
    client.subscribe(topic, gone, RedrivePolicy=json.dumps({"deadLetterTargetArn": target}))
    client.sqs("DeleteQueue", QueueUrl=gone)

    assert client.publish(topic)["MessageId"]


def test_a_copy_that_the_queue_refuses_is_dead_lettered(client):
    topic, letters = client.topic(), client.queue("letters")
    small = client.queue("small", MaximumMessageSize="1024")
    client.subscribe(topic, small, RedrivePolicy=json.dumps({"deadLetterTargetArn": client.arn(letters)}))

    client.publish(topic, "x" * 1025)
    client.publish(topic, "x" * 1024)

    assert [len(body) for body in client.bodies(small)] == [1024]
    assert [len(body) for body in client.bodies(letters)] == [1025]


def test_a_topic_takes_256_kib_in_bytes_with_attributes(client, refused):
    topic, url = client.topic(), client.queue()
    client.subscribe(topic, url)
    text = "é" * (131_072 - 4)

    client.publish(topic, text, MessageAttributes={"a": TEXT})

    error = refused(client.publish, topic, text + "x", MessageAttributes={"a": TEXT})
    assert error.code == "InvalidParameter"
    assert "262145 bytes" in error.message
    assert client.counts(url) == (1, 0, 0)


def test_a_topic_may_take_a_mebibyte(client, refused):
    topic, url = client.topic(MaximumMessageSize="1048576"), client.queue()
    client.subscribe(topic, url)

    client.publish(topic, "x" * 1_048_576)

    assert client.counts(url) == (1, 0, 0)
    assert refused(client.publish, topic, "x" * 1_048_577).code == "InvalidParameter"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Message": ""}, "InvalidParameter"),
        ({"TopicArn": None}, "InvalidParameter"),
        ({"TopicArn": None, "PhoneNumber": "+123"}, "InvalidParameter"),
        ({"TopicArn": "orders"}, "InvalidParameter"),
        ({"TopicArn": "arn:aws:sns:us-east-1:000000000000:gone"}, "NotFound"),
        ({"Subject": ""}, "InvalidParameter"),
        ({"Subject": "x" * 100}, "InvalidParameter"),
        ({"Subject": "two\nlines"}, "InvalidParameter"),
        ({"MessageStructure": "xml"}, "InvalidParameter"),
        ({"MessageStructure": "json", "Message": "{"}, "InvalidParameter"),
        ({"MessageStructure": "json", "Message": '{"sqs": "x"}'}, "InvalidParameter"),
        ({"MessageStructure": "json", "Message": '{"default": "x", "sqs": 1}'}, "InvalidParameter"),
        ({"MessageDeduplicationId": "d"}, "InvalidParameter"),
        ({"MessageGroupId": "a b"}, "InvalidParameter"),
        ({"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}}, "ParameterValueInvalid"),
        ({"MessageAttributes": {"a..b": TEXT}}, "ParameterValueInvalid"),
        ({"MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}}, "ParameterValueInvalid"),
    ],
)
def test_illegal_messages_are_refused_by_topics(client, refused, params, code):
    result = {"TopicArn": client.topic(), "Message": "hello", **params}

    assert refused(client.sns, "Publish", **result).code == code


def test_entries_of_a_batch_fail_alone(client):
    topic, url = client.topic(), client.queue()
    client.subscribe(topic, url)
    bad = {"a": {"DataType": "Number", "StringValue": "x"}}
    entries = [
        {"Id": "0", "Message": "first"},
        {"Id": "1", "Message": "bad", "MessageAttributes": bad},
        {"Id": "2", "Message": ""},
        {"Id": "3", "Message": "last"},
    ]

    answer = client.sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)

    assert [result["Id"] for result in answer["Successful"]] == ["0", "3"]
    assert {result["Id"]: result["Code"] for result in answer["Failed"]} == {
        "1": "ParameterValueInvalid",
        "2": "InvalidParameter",
    }
    assert client.bodies(url) == ["first", "last"]


def test_a_batch_is_limited_to_the_size_of_one_message(client, refused):
    topic = client.topic()
    half = [{"Id": str(number), "Message": "x" * 131_072} for number in range(2)]
    client.sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=half)

    half[1]["Message"] += "x"
    error = refused(client.sns, "PublishBatch", TopicArn=topic, PublishBatchRequestEntries=half)
    assert error.code == "BatchRequestTooLong"


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "EmptyBatchRequest"),
        (list("0123456789a"), "TooManyEntriesInBatchRequest"),
        (["a", "a"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
    ],
)
def test_an_invalid_batch_is_refused(client, refused, ids, code):
    entries = [{"Id": given, "Message": "x"} for given in ids]

    error = refused(client.sns, "PublishBatch", TopicArn=client.topic(), PublishBatchRequestEntries=entries)

    assert error.code == code


def test_a_fifo_topic_takes_a_message_once_and_keeps_order(client):
    topic, url = client.topic("orders.fifo"), client.queue("orders.fifo")
    client.subscribe(topic, url)
    said = {"MessageGroupId": "g", "MessageDeduplicationId": "d"}

    first = client.publish(topic, "first", **said)
    again = client.publish(topic, "again", **said)
    client.publish(topic, "second", MessageGroupId="g", MessageDeduplicationId="e")

    assert first == again
    assert set(first) == {"MessageId", "SequenceNumber"}
    messages = client.receive(url)
    assert [message["Body"] for message in messages] == ["first", "second"]
    assert messages[0]["Attributes"]["MessageDeduplicationId"] == "d"
    client.clock.advance(300)
    assert client.publish(topic, "much later", **said) != first


def test_a_fifo_topic_may_deduplicate_by_content_and_within_a_group(client, refused):
    topic = client.topic("orders.fifo", ContentBasedDeduplication="true", FifoThroughputScope="MessageGroup")
    url = client.queue("orders.fifo", DeduplicationScope="messageGroup")
    client.subscribe(topic, url)

    for group in "aab":
        client.publish(topic, "same", MessageGroupId=group)

    assert client.bodies(url) == ["same", "same"]
    bare = client.topic("bare.fifo")
    assert refused(client.publish, bare, MessageGroupId="g").code == "InvalidParameter"
    assert refused(client.publish, bare, MessageDeduplicationId="d").code == "InvalidParameter"


def test_a_fifo_notification_is_numbered_and_not_signed(client):
    topic, url = client.topic("orders.fifo"), client.queue("orders.fifo")
    client.subscribe(topic, url, raw=False)

    published = client.publish(topic, MessageGroupId="g", MessageDeduplicationId="d")

    result = json.loads(client.receive_one(url)["Body"])
    assert result["SequenceNumber"] == published["SequenceNumber"]
    assert "Signature" not in result


def test_groups_reach_standard_queues_from_standard_topics_alone(client):
    plain, fifo, url = client.topic("plain"), client.topic("orders.fifo"), client.queue()
    client.subscribe(plain, url)
    client.subscribe(fifo, url)

    client.publish(plain, "plain", MessageGroupId="g")
    client.publish(fifo, "fifo", MessageGroupId="g", MessageDeduplicationId="d")

    groups = {m["Body"]: m["Attributes"].get("MessageGroupId") for m in client.receive(url)}
    assert groups == {"plain": "g", "fifo": None}
