"""Actions on messages: what may be sent, in bytes and characters, and batches entry by entry."""

from hashlib import md5

import pytest

from pubsub_tasks.local.rules.limits import SQS_SIZE

TEXT = {"DataType": "String", "StringValue": "x"}


def batch(desk, url, action="SendMessageBatch", *entries):
    return desk.sqs(action, QueueUrl=url, Entries=list(entries))


def entry(number, body="hello", **params):
    return {"Id": str(number), "MessageBody": body, **params}


def test_a_sender_is_told_id_and_digests(desk):
    url = desk.queue()

    answer = desk.send(url, "hällo", MessageAttributes={"a": TEXT})

    message = desk.one(url)
    assert answer["MessageId"] == message["MessageId"]
    assert answer["MD5OfMessageBody"] == message["MD5OfBody"] == md5("hällo".encode()).hexdigest()
    assert answer["MD5OfMessageAttributes"] == message["MD5OfMessageAttributes"]
    assert "SequenceNumber" not in answer


def test_a_message_takes_its_limit_in_bytes_with_its_attributes(desk, refused):
    url = desk.queue(MaximumMessageSize="1024")
    attributes = {"a": {"DataType": "Binary.gz", "BinaryValue": b"\0" * 10}}
    weight = len("a") + len("Binary.gz") + 10

    desk.send(url, "€" * 300 + "x" * (124 - weight), MessageAttributes=attributes)

    error = refused(desk.send, url, "€" * 300 + "x" * (125 - weight), MessageAttributes=attributes)
    assert error.code == "InvalidParameterValue"
    assert "1024 bytes" in error.message
    assert error.sender_fault


def test_system_attributes_weigh_nothing(desk):
    url = desk.queue(MaximumMessageSize="1024")
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2"}}

    answer = desk.send(url, "x" * 1024, MessageSystemAttributes=trace)

    assert "MD5OfMessageSystemAttributes" in answer
    assert desk.one(url)["Attributes"]["AWSTraceHeader"] == "Root=1-2"


@pytest.mark.parametrize("character", ["\t", "\n", "\r", " ", "\ud7ff", "\ue000", "\ufffd", "\U0010ffff"])
def test_characters_that_xml_has_are_taken(desk, character):
    url = desk.queue()
    desk.send(url, character)
    assert desk.bodies(url) == [character]


@pytest.mark.parametrize("character", ["\0", "\x08", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_characters_that_xml_has_not_are_refused(desk, refused, character):
    url = desk.queue()

    assert refused(desk.send, url, f"a{character}b").code == "InvalidMessageContents"
    attribute = {"DataType": "String", "StringValue": character}
    assert refused(desk.send, url, MessageAttributes={"a": attribute}).code == "InvalidMessageContents"
    assert desk.counts(url) == (0, 0, 0)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({"DelaySeconds": -1}, "InvalidParameterValue"),
        ({"DelaySeconds": 901}, "InvalidParameterValue"),
        ({"MessageDeduplicationId": "d"}, "InvalidParameterValue"),
        ({"MessageGroupId": ""}, "InvalidParameterValue"),
        ({"MessageGroupId": "a b"}, "InvalidParameterValue"),
        ({"MessageGroupId": "x" * 129}, "InvalidParameterValue"),
        ({"MessageSystemAttributes": {"Other": TEXT}}, "InvalidParameterValue"),
        (
            {"MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "Number", "StringValue": "1"}}},
            "InvalidParameterValue",
        ),
        ({"MessageAttributes": {str(n): TEXT for n in range(11)}}, "InvalidParameterValue"),
    ],
)
def test_what_a_standard_queue_does_not_take(desk, refused, params, code):
    url = desk.queue()

    told = {"QueueUrl": url, "MessageBody": "hello", **params}
    assert refused(desk.sqs, "SendMessage", **told).code == code
    assert desk.counts(url) == (0, 0, 0)


def test_a_group_on_a_standard_queue_is_told_and_orders_nothing(desk):
    url = desk.queue()
    for body in "ab":
        desk.send(url, body, MessageGroupId="g" * 128)

    first = desk.one(url)
    assert first["Attributes"]["MessageGroupId"] == "g" * 128
    assert desk.bodies(url) == ["b"]


def test_a_fifo_message_needs_a_group(desk, refused):
    url = desk.queue("orders.fifo")

    assert refused(desk.send, url, MessageGroupId=None).code == "MissingParameter"


def test_bad_entries_fail_alone(desk):
    url = desk.queue(MaximumMessageSize="1024")

    answer = batch(
        desk,
        url,
        "SendMessageBatch",
        entry(0, "good"),
        entry(1, "\0"),
        entry(2, "x" * 1025),
        entry(3, DelaySeconds=901),
        entry(4, MessageAttributes={"a": {"DataType": "Blob", "StringValue": "x"}}),
        entry(5, "also good"),
    )

    assert [told["Id"] for told in answer["Successful"]] == ["0", "5"]
    assert {told["Id"]: told["Code"] for told in answer["Failed"]} == {
        "1": "InvalidMessageContents",
        "2": "InvalidParameterValue",
        "3": "InvalidParameterValue",
        "4": "InvalidParameterValue",
    }
    assert all(told["SenderFault"] and told["Message"] for told in answer["Failed"])
    assert desk.bodies(url) == ["good", "also good"]


def test_a_batch_weighs_no_more_than_one_message_may(desk, refused):
    url = desk.queue()
    third = "x" * (SQS_SIZE // 2)
    assert "Failed" not in batch(desk, url, "SendMessageBatch", entry(0, third), entry(1, third))

    error = refused(batch, desk, url, "SendMessageBatch", entry(0, third), entry(1, third + "x"))
    assert error.code == "BatchRequestTooLong"
    assert desk.counts(url) == (2, 0, 0)


@pytest.mark.parametrize("action", ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "EmptyBatchRequest"),
        (list("0123456789a"), "TooManyEntriesInBatchRequest"),
        (["a", "a"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
        ([""], "InvalidBatchEntryId"),
        ([None], "InvalidBatchEntryId"),
        (["a" * 81], "InvalidBatchEntryId"),
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(desk, refused, action, ids, code):
    url = desk.queue()
    entries = [
        {"Id": given, "MessageBody": "x", "ReceiptHandle": "x", "VisibilityTimeout": 1} for given in ids
    ]

    error = refused(batch, desk, url, action, *entries)

    assert error.code == code
    assert error.query_code == f"AWS.SimpleQueueService.{code}"
    assert desk.counts(url) == (0, 0, 0)


def test_settling_entries_fail_alone(desk):
    url = desk.queue()
    for body in "ab":
        desk.send(url, body)
    a, b = (message["ReceiptHandle"] for message in desk.receive(url))

    answer = batch(
        desk,
        url,
        "ChangeMessageVisibilityBatch",
        {"Id": "a", "ReceiptHandle": a, "VisibilityTimeout": 43_201},
        {"Id": "b", "ReceiptHandle": b, "VisibilityTimeout": 0},
        {"Id": "c", "ReceiptHandle": b, "VisibilityTimeout": 0},
        {"Id": "d", "ReceiptHandle": "garbage", "VisibilityTimeout": 0},
        {"Id": "e", "ReceiptHandle": a},
    )
    assert answer["Successful"] == [{"Id": "b"}]
    assert {told["Id"]: told["Code"] for told in answer["Failed"]} == {
        "a": "InvalidParameterValue",
        "c": "MessageNotInflight",
        "d": "ReceiptHandleIsInvalid",
        "e": "MissingParameter",
    }

    answer = batch(
        desk, url, "DeleteMessageBatch", {"Id": "a", "ReceiptHandle": a}, {"Id": "x", "ReceiptHandle": ""}
    )
    assert answer["Successful"] == [{"Id": "a"}]
    assert [told["Code"] for told in answer["Failed"]] == ["MissingParameter"]
    assert desk.bodies(url) == ["b"]


@pytest.mark.parametrize(
    "params",
    [
        {"MaxNumberOfMessages": 0},
        {"MaxNumberOfMessages": 11},
        {"WaitTimeSeconds": 21},
        {"WaitTimeSeconds": -1},
        {"VisibilityTimeout": 43_201},
        {"VisibilityTimeout": True},
    ],
)
def test_a_receive_out_of_range_is_refused(desk, refused, params):
    error = refused(desk.sqs, "ReceiveMessage", **{"QueueUrl": desk.queue(), **params})

    assert error.code == "InvalidParameterValue"
    assert next(iter(params)) in error.message


def test_a_receive_gives_one_message_unless_more_are_asked_for(desk):
    url = desk.queue()
    for body in "ab":
        desk.send(url, body)

    (message,) = desk.sqs("ReceiveMessage", QueueUrl=url)["Messages"]

    assert set(message) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


def test_only_what_is_asked_for_is_told(desk, refused):
    url = desk.queue()
    attributes = dict.fromkeys(("trace.id", "trace.span", "other"), TEXT)
    desk.send(url, MessageAttributes=attributes)

    def told(names, system=("SentTimestamp",)):
        return desk.one(
            url, VisibilityTimeout=0, MessageAttributeNames=names, MessageSystemAttributeNames=system
        )

    assert set(told(["other", "absent"])["MessageAttributes"]) == {"other"}
    assert set(told(["trace.*"])["MessageAttributes"]) == {"trace.id", "trace.span"}
    assert set(told([".*"])["MessageAttributes"]) == set(attributes)
    assert "MessageAttributes" not in told(["absent"])
    assert "MD5OfMessageAttributes" not in told(["absent"])
    assert set(told([])["Attributes"]) == {"SentTimestamp"}
    assert "Attributes" not in told([], ["SequenceNumber"])
    assert refused(told, [], ["Colour"]).code == "InvalidAttributeName"
    # The older name of the same parameter
    (message,) = desk.receive(url, MessageSystemAttributeNames=[], AttributeNames=["SenderId"])
    assert message["Attributes"] == {"SenderId": "000000000000"}
