"""Publishing: the copies that queues get, raw or enveloped, and what becomes of one that is not taken."""

import base64
import json

import pytest

TEXT = {"DataType": "String", "StringValue": "x"}


def many(count):
    return {f"a{number}": TEXT for number in range(count)}


def test_every_subscriber_gets_a_copy_of_its_own(desk):
    topic = desk.topic()
    queues = [desk.queue(name) for name in ("a", "b")]
    for url in queues:
        desk.subscribe(topic, url)

    desk.publish(topic, "hello", MessageAttributes=many(10))

    one, other = (desk.one(url) for url in queues)
    assert one["Body"] == other["Body"] == "hello"
    assert one["MessageId"] != other["MessageId"]
    assert one["MessageAttributes"] == many(10)


def test_an_envelope_is_a_notification(desk):
    topic, url = desk.topic(), desk.queue()
    arn = desk.subscribe(topic, url, raw=False)
    attributes = {
        "n": {"DataType": "Number", "StringValue": "1"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
    }

    published = desk.publish(topic, 'say "é"', Subject="Hi", MessageAttributes=attributes)

    message = desk.one(url)
    told = json.loads(message["Body"])
    assert "MessageAttributes" not in message
    assert told["Type"] == "Notification"
    assert (told["MessageId"], told["TopicArn"]) == (published["MessageId"], topic)
    assert (told["Subject"], told["Message"]) == ("Hi", 'say "é"')
    assert told["Timestamp"] == "2025-06-15T15:06:40.000Z"
    assert told["MessageAttributes"] == {
        "n": {"Type": "Number", "Value": "1"},
        "seal": {"Type": "Binary", "Value": base64.b64encode(b"\0\xff").decode()},
    }
    assert told["SignatureVersion"] == "1"
    assert set(told) >= {"Signature", "SigningCertURL", "UnsubscribeURL"}
    assert arn in told["UnsubscribeURL"]


def test_raw_delivery_loses_the_subject(desk):
    topic, url = desk.topic(), desk.queue()
    desk.subscribe(topic, url)

    desk.publish(topic, "hello", Subject="Hi")

    assert desk.bodies(url) == ["hello"]


def test_the_age_of_a_copy_starts_when_it_reaches_the_queue_and_its_delay_too(desk):
    topic, url = desk.topic(), desk.queue(DelaySeconds="10")
    desk.subscribe(topic, url)
    desk.publish(topic)

    assert desk.counts(url) == (0, 0, 1)


@pytest.mark.parametrize("raw", [True, False])
def test_a_structured_message_has_a_text_for_queues_and_no_attributes(desk, raw):
    topic, url = desk.topic(), desk.queue()
    desk.subscribe(topic, url, raw)
    for texts in ({"default": "d", "sqs": "s"}, {"default": "d", "email": "e"}):
        desk.publish(topic, json.dumps(texts), MessageStructure="json", MessageAttributes=many(1))

    bodies = desk.receive(url)

    assert [b["Body"] if raw else json.loads(b["Body"])["Message"] for b in bodies] == ["s", "d"]
    assert not any("MessageAttributes" in body for body in bodies)


def test_filter_policies_choose_by_attributes_or_by_body(desk):
    topic = desk.topic()
    vip, large = desk.queue("vip"), desk.queue("large")
    desk.subscribe(topic, vip, FilterPolicy='{"kind": ["vip"]}')
    policy = '{"order": {"total": [{"numeric": [">", 100]}]}}'
    desk.subscribe(topic, large, FilterPolicy=policy, FilterPolicyScope="MessageBody")

    kind = {"kind": {"DataType": "String", "StringValue": "vip"}}
    desk.publish(topic, '{"order": {"total": 99}}', MessageAttributes=kind)
    desk.publish(topic, '{"order": {"total": 101}}')

    assert desk.bodies(vip) == ['{"order": {"total": 99}}']
    assert desk.bodies(large) == ['{"order": {"total": 101}}']


def test_a_raw_copy_of_eleven_attributes_goes_to_the_subscriptions_dead_letter_queue(desk):
    # Given one subscriber with and one without a dead-letter queue, and one that gets envelopes
    topic, letters = desk.topic(), desk.queue("letters")
    raw, lost, enveloped = desk.queue("raw"), desk.queue("lost"), desk.queue("enveloped")
    desk.subscribe(topic, raw, RedrivePolicy=json.dumps({"deadLetterTargetArn": desk.arn(letters)}))
    desk.subscribe(topic, lost)
    desk.subscribe(topic, enveloped, raw=False)

    # When a message has more attributes than SQS takes
    desk.publish(topic, "eleven", MessageAttributes=many(11))

    # Then the publisher has no part in it, and the raw copy is in the dead-letter queue with a reason
    assert desk.receive(raw) == desk.receive(lost) == []
    assert len(json.loads(desk.one(enveloped)["Body"])["MessageAttributes"]) == 11
    letter = desk.one(letters)
    assert letter["Body"] == "eleven"
    assert set(letter["MessageAttributes"]) == {"RequestID", "ErrorCode", "ErrorMessage"}
    assert "attributes" in letter["MessageAttributes"]["ErrorMessage"]["StringValue"]


def test_a_copy_for_a_queue_that_is_gone_disturbs_nobody(desk):
    topic, letters = desk.topic(), desk.queue("letters")
    gone, there = desk.queue("gone"), desk.queue("there")
    desk.subscribe(topic, gone, RedrivePolicy=json.dumps({"deadLetterTargetArn": desk.arn(letters)}))
    desk.subscribe(topic, there)
    desk.sqs("DeleteQueue", QueueUrl=gone)

    desk.publish(topic, "hello", MessageAttributes=many(2))

    assert desk.bodies(there) == ["hello"]
    letter = desk.one(letters)
    assert letter["Body"] == "hello"
    assert len(letter["MessageAttributes"]) == 5


def test_a_dead_letter_queue_that_cannot_take_a_copy_either_loses_it(desk):
    topic, gone = desk.topic(), desk.queue("gone")
    target = desk.arn(gone) + "-never-there"
    desk.subscribe(topic, gone, RedrivePolicy=json.dumps({"deadLetterTargetArn": target}))
    desk.sqs("DeleteQueue", QueueUrl=gone)

    assert desk.publish(topic)["MessageId"]


def test_what_the_queue_would_not_take_goes_the_same_way(desk):
    topic, letters = desk.topic(), desk.queue("letters")
    small = desk.queue("small", MaximumMessageSize="1024")
    desk.subscribe(topic, small, RedrivePolicy=json.dumps({"deadLetterTargetArn": desk.arn(letters)}))

    desk.publish(topic, "x" * 1025)
    desk.publish(topic, "x" * 1024)

    assert [len(body) for body in desk.bodies(small)] == [1024]
    assert [len(body) for body in desk.bodies(letters)] == [1025]


def test_a_topic_takes_256_kib_in_bytes_with_attributes(desk, refused):
    topic, url = desk.topic(), desk.queue()
    desk.subscribe(topic, url)
    text = "é" * (131_072 - 4)

    desk.publish(topic, text, MessageAttributes={"a": TEXT})

    error = refused(desk.publish, topic, text + "x", MessageAttributes={"a": TEXT})
    assert error.code == "InvalidParameter"
    assert "262145 bytes" in error.message
    assert desk.counts(url) == (1, 0, 0)


def test_a_topic_may_take_a_mebibyte(desk, refused):
    topic, url = desk.topic(MaximumMessageSize="1048576"), desk.queue()
    desk.subscribe(topic, url)

    desk.publish(topic, "x" * 1_048_576)

    assert desk.counts(url) == (1, 0, 0)
    assert refused(desk.publish, topic, "x" * 1_048_577).code == "InvalidParameter"


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
def test_what_a_topic_does_not_take(desk, refused, params, code):
    told = {"TopicArn": desk.topic(), "Message": "hello", **params}

    assert refused(desk.sns, "Publish", **told).code == code


def test_entries_of_a_batch_fail_alone(desk):
    topic, url = desk.topic(), desk.queue()
    desk.subscribe(topic, url)
    bad = {"a": {"DataType": "Number", "StringValue": "x"}}
    entries = [
        {"Id": "0", "Message": "first"},
        {"Id": "1", "Message": "bad", "MessageAttributes": bad},
        {"Id": "2", "Message": ""},
        {"Id": "3", "Message": "last"},
    ]

    answer = desk.sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)

    assert [told["Id"] for told in answer["Successful"]] == ["0", "3"]
    assert {told["Id"]: told["Code"] for told in answer["Failed"]} == {
        "1": "ParameterValueInvalid",
        "2": "InvalidParameter",
    }
    assert desk.bodies(url) == ["first", "last"]


def test_a_batch_weighs_no_more_than_a_message_may(desk, refused):
    topic = desk.topic()
    half = [{"Id": str(number), "Message": "x" * 131_072} for number in range(2)]
    desk.sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=half)

    half[1]["Message"] += "x"
    error = refused(desk.sns, "PublishBatch", TopicArn=topic, PublishBatchRequestEntries=half)
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
def test_a_batch_that_is_none_is_refused(desk, refused, ids, code):
    entries = [{"Id": given, "Message": "x"} for given in ids]

    error = refused(desk.sns, "PublishBatch", TopicArn=desk.topic(), PublishBatchRequestEntries=entries)

    assert error.code == code


def test_a_fifo_topic_takes_a_message_once_and_keeps_order(desk):
    topic, url = desk.topic("orders.fifo"), desk.queue("orders.fifo")
    desk.subscribe(topic, url)
    said = {"MessageGroupId": "g", "MessageDeduplicationId": "d"}

    first = desk.publish(topic, "first", **said)
    again = desk.publish(topic, "again", **said)
    desk.publish(topic, "second", MessageGroupId="g", MessageDeduplicationId="e")

    assert first == again
    assert set(first) == {"MessageId", "SequenceNumber"}
    messages = desk.receive(url)
    assert [message["Body"] for message in messages] == ["first", "second"]
    assert messages[0]["Attributes"]["MessageDeduplicationId"] == "d"
    desk.clock.advance(300)
    assert desk.publish(topic, "much later", **said) != first


def test_a_fifo_topic_may_deduplicate_by_content_and_within_a_group(desk, refused):
    topic = desk.topic("orders.fifo", ContentBasedDeduplication="true", FifoThroughputScope="MessageGroup")
    url = desk.queue("orders.fifo", DeduplicationScope="messageGroup")
    desk.subscribe(topic, url)

    for group in "aab":
        desk.publish(topic, "same", MessageGroupId=group)

    assert desk.bodies(url) == ["same", "same"]
    bare = desk.topic("bare.fifo")
    assert refused(desk.publish, bare, MessageGroupId="g").code == "InvalidParameter"
    assert refused(desk.publish, bare, MessageDeduplicationId="d").code == "InvalidParameter"


def test_a_fifo_notification_is_numbered_and_not_signed(desk):
    topic, url = desk.topic("orders.fifo"), desk.queue("orders.fifo")
    desk.subscribe(topic, url, raw=False)

    published = desk.publish(topic, MessageGroupId="g", MessageDeduplicationId="d")

    told = json.loads(desk.one(url)["Body"])
    assert told["SequenceNumber"] == published["SequenceNumber"]
    assert "Signature" not in told


def test_groups_reach_standard_queues_from_standard_topics_alone(desk):
    plain, fifo, url = desk.topic("plain"), desk.topic("orders.fifo"), desk.queue()
    desk.subscribe(plain, url)
    desk.subscribe(fifo, url)

    desk.publish(plain, "plain", MessageGroupId="g")
    desk.publish(fifo, "fifo", MessageGroupId="g", MessageDeduplicationId="d")

    groups = {m["Body"]: m["Attributes"].get("MessageGroupId") for m in desk.receive(url)}
    assert groups == {"plain": "g", "fifo": None}
