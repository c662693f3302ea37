"""Actions on messages: what may be sent, in bytes and characters, and batches entry by entry."""

from hashlib import md5

import pytest

from pubsub_tasks.local.rules.limits import SQS_SIZE

TEXT = {"DataType": "String", "StringValue": "x"}


def batch(client, url, action="SendMessageBatch", *entries):
    return client.sqs(action, QueueUrl=url, Entries=list(entries))


def entry(number, body="hello", **params):
    return {"Id": str(number), "MessageBody": body, **params}


def test_a_send_returns_id_and_digests(client):
    url = client.queue()

    answer = client.send(url, "hällo", MessageAttributes={"a": TEXT})

    message = client.receive_one(url)
    assert answer["MessageId"] == message["MessageId"]
    assert answer["MD5OfMessageBody"] == message["MD5OfBody"] == md5("hällo".encode()).hexdigest()
    assert answer["MD5OfMessageAttributes"] == message["MD5OfMessageAttributes"]
    assert "SequenceNumber" not in answer


def test_the_size_limit_is_in_bytes_and_includes_attributes(client, refused):
    url = client.queue(MaximumMessageSize="1024")
    attributes = {"a": {"DataType": "Binary.gz", "BinaryValue": b"\0" * 10}}
    weight = len("a") + len("Binary.gz") + 10

    client.send(url, "€" * 300 + "x" * (124 - weight), MessageAttributes=attributes)

    error = refused(client.send, url, "€" * 300 + "x" * (125 - weight), MessageAttributes=attributes)
    assert error.code == "InvalidParameterValue"
    assert "1024 bytes" in error.message
    assert error.sender_fault


def test_system_attributes_do_not_count_towards_the_size(client):
    url = client.queue(MaximumMessageSize="1024")
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2"}}

    answer = client.send(url, "x" * 1024, MessageSystemAttributes=trace)

    assert "MD5OfMessageSystemAttributes" in answer
    assert client.receive_one(url)["Attributes"]["AWSTraceHeader"] == "Root=1-2"


@pytest.mark.parametrize("character", ["\t", "\n", "\r", " ", "\ud7ff", "\ue000", "\ufffd", "\U0010ffff"])
def test_characters_of_xml_are_accepted(client, character):
    url = client.queue()
    client.send(url, character)
    assert client.bodies(url) == [character]


@pytest.mark.parametrize("character", ["\0", "\x08", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_characters_outside_xml_are_refused(client, refused, character):
    url = client.queue()

    assert refused(client.send, url, f"a{character}b").code == "InvalidMessageContents"
    attribute = {"DataType": "String", "StringValue": character}
    assert refused(client.send, url, MessageAttributes={"a": attribute}).code == "InvalidMessageContents"
    assert client.counts(url) == (0, 0, 0)


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
def test_illegal_messages_are_refused_by_queues(client, refused, params, code):
    url = client.queue()

    result = {"QueueUrl": url, "MessageBody": "hello", **params}
    assert refused(client.sqs, "SendMessage", **result).code == code
    assert client.counts(url) == (0, 0, 0)


def test_a_group_on_a_standard_queue_is_returned_and_does_not_order(client):
    url = client.queue()
    for body in "ab":
        client.send(url, body, MessageGroupId="g" * 128)

    first = client.receive_one(url)
    assert first["Attributes"]["MessageGroupId"] == "g" * 128
    assert client.bodies(url) == ["b"]


def test_a_fifo_message_needs_a_group(client, refused):
    url = client.queue("orders.fifo")

    assert refused(client.send, url, MessageGroupId=None).code == "MissingParameter"


def test_bad_entries_fail_alone(client):
    url = client.queue(MaximumMessageSize="1024")

    answer = batch(
        client,
        url,
        "SendMessageBatch",
        entry(0, "good"),
        entry(1, "\0"),
        entry(2, "x" * 1025),
        entry(3, DelaySeconds=901),
        entry(4, MessageAttributes={"a": {"DataType": "Blob", "StringValue": "x"}}),
        entry(5, "also good"),
    )

    assert [result["Id"] for result in answer["Successful"]] == ["0", "5"]
    assert {result["Id"]: result["Code"] for result in answer["Failed"]} == {
        "1": "InvalidMessageContents",
        "2": "InvalidParameterValue",
        "3": "InvalidParameterValue",
        "4": "InvalidParameterValue",
    }
    assert all(result["SenderFault"] and result["Message"] for result in answer["Failed"])
    assert client.bodies(url) == ["good", "also good"]


def test_a_batch_is_limited_to_the_size_of_one_message(client, refused):
    url = client.queue()
    third = "x" * (SQS_SIZE // 2)
    assert "Failed" not in batch(client, url, "SendMessageBatch", entry(0, third), entry(1, third))

    error = refused(batch, client, url, "SendMessageBatch", entry(0, third), entry(1, third + "x"))
    assert error.code == "BatchRequestTooLong"
    assert client.counts(url) == (2, 0, 0)


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
def test_an_invalid_batch_is_refused_as_a_whole(client, refused, action, ids, code):
    url = client.queue()
    entries = [
        {"Id": given, "MessageBody": "x", "ReceiptHandle": "x", "VisibilityTimeout": 1} for given in ids
    ]

    error = refused(batch, client, url, action, *entries)

    assert error.code == code
    assert error.query_code == f"AWS.SimpleQueueService.{code}"
    assert client.counts(url) == (0, 0, 0)


def test_settling_entries_fail_alone(client):
    url = client.queue()
    for body in "ab":
        client.send(url, body)
    a, b = (message["ReceiptHandle"] for message in client.receive(url))

    answer = batch(
        client,
        url,
        "ChangeMessageVisibilityBatch",
        {"Id": "a", "ReceiptHandle": a, "VisibilityTimeout": 43_201},
        {"Id": "b", "ReceiptHandle": b, "VisibilityTimeout": 0},
        {"Id": "c", "ReceiptHandle": b, "VisibilityTimeout": 0},
        {"Id": "d", "ReceiptHandle": "garbage", "VisibilityTimeout": 0},
        {"Id": "e", "ReceiptHandle": a},
    )
    assert answer["Successful"] == [{"Id": "b"}]
    assert {result["Id"]: result["Code"] for result in answer["Failed"]} == {
        "a": "InvalidParameterValue",
        "c": "MessageNotInflight",
        "d": "ReceiptHandleIsInvalid",
        "e": "MissingParameter",
    }

    answer = batch(
        client, url, "DeleteMessageBatch", {"Id": "a", "ReceiptHandle": a}, {"Id": "x", "ReceiptHandle": ""}
    )
    assert answer["Successful"] == [{"Id": "a"}]
    assert [result["Code"] for result in answer["Failed"]] == ["MissingParameter"]
    assert client.bodies(url) == ["b"]


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
def test_a_receive_out_of_range_is_refused(client, refused, params):
    error = refused(client.sqs, "ReceiveMessage", **{"QueueUrl": client.queue(), **params})

    assert error.code == "InvalidParameterValue"
    assert next(iter(params)) in error.message


def test_a_receive_gives_one_message_unless_more_are_asked_for(client):
    url = client.queue()
    for body in "ab":
        client.send(url, body)

    (message,) = client.sqs("ReceiveMessage", QueueUrl=url)["Messages"]

    assert set(message) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


def test_only_requested_attributes_are_returned(client, refused):
    url = client.queue()
    attributes = dict.fromkeys(("trace.id", "trace.span", "other"), TEXT)
    client.send(url, MessageAttributes=attributes)

    def result(names, system=("SentTimestamp",)):
        return client.receive_one(
            url, VisibilityTimeout=0, MessageAttributeNames=names, MessageSystemAttributeNames=system
        )

    assert set(result(["other", "absent"])["MessageAttributes"]) == {"other"}
    assert set(result(["trace.*"])["MessageAttributes"]) == {"trace.id", "trace.span"}
    assert set(result([".*"])["MessageAttributes"]) == set(attributes)
    assert "MessageAttributes" not in result(["absent"])
    assert "MD5OfMessageAttributes" not in result(["absent"])
    assert set(result([])["Attributes"]) == {"SentTimestamp"}
    assert "Attributes" not in result([], ["SequenceNumber"])
    assert refused(result, [], ["Colour"]).code == "InvalidAttributeName"
    # The older name of the same parameter
    (message,) = client.receive(url, MessageSystemAttributeNames=[], AttributeNames=["SenderId"])
    assert message["Attributes"] == {"SenderId": "000000000000"}
