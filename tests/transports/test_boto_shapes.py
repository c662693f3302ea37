"""Between boto3's shapes and our values, without a wire."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.transports import boto_shapes
from pubsub_tasks.wire.records import Attribute, EntryFailure, Outgoing, Record, Sent, text

ATTRIBUTES = st.dictionaries(
    st.text("abc_.-", min_size=1),
    st.builds(Attribute, st.sampled_from(["String", "Number", "String.Array"]), st.text(min_size=1))
    | st.builds(Attribute, st.just("Binary"), st.binary(min_size=1)),
)


@given(ATTRIBUTES)
def test_attributes_survive_formatting_and_parsing(attributes: dict[str, Attribute]) -> None:
    assert boto_shapes.parse_attributes(boto_shapes.format_attributes(attributes)) == attributes


def test_a_record_has_all_requested_attributes() -> None:
    message = {
        "MessageId": "m-1",
        "ReceiptHandle": "h-1",
        "Body": "hello",
        "Attributes": {
            "ApproximateReceiveCount": "3",
            "SentTimestamp": "1750000000250",
            "ApproximateFirstReceiveTimestamp": "1750000001500",
            "MessageGroupId": "g",
            "MessageDeduplicationId": "d",
            "SequenceNumber": "18850000000000000000",
            "AWSTraceHeader": "Root=1-5759e988",
            "DeadLetterQueueSourceArn": "arn:aws:sqs:eu-west-1:1:orders",
        },
        "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}},
    }
    assert set(message["Attributes"]) == set(boto_shapes.SYSTEM_ATTRIBUTES)

    assert boto_shapes.parse_message(message) == Record(
        body="hello",
        receipt_handle="h-1",
        message_id="m-1",
        receive_count=3,
        sent_at=1_750_000_000.25,
        first_received_at=1_750_000_001.5,
        attributes={"a": text("b")},
        group_id="g",
        deduplication_id="d",
        sequence_number="18850000000000000000",
        trace_header="Root=1-5759e988",
        source_arn="arn:aws:sqs:eu-west-1:1:orders",
    )


def test_a_record_needs_no_more_than_handle_and_id() -> None:
    record = boto_shapes.parse_message({"MessageId": "m-1", "ReceiptHandle": "h-1"})

    assert (record.body, record.receive_count, record.sent_at, record.attributes) == ("", 1, 0.0, {})


def test_a_queue_entry_has_only_what_is_set() -> None:
    plain, full = boto_shapes.send_entries(
        [Outgoing("a"), Outgoing("b", {"n": text("v")}, group_id="g", deduplication_id="d", delay=5)]
    )

    assert plain == {"Id": "0", "MessageBody": "a"}
    assert full == {
        "Id": "1",
        "MessageBody": "b",
        "MessageAttributes": {"n": {"DataType": "String", "StringValue": "v"}},
        "MessageGroupId": "g",
        "MessageDeduplicationId": "d",
        "DelaySeconds": 5,
    }


def test_a_topics_entry_has_no_delay() -> None:
    assert boto_shapes.publish_entries([Outgoing("a", delay=5)]) == [{"Id": "0", "Message": "a"}]


def test_results_are_in_the_order_of_the_entries() -> None:
    response = {
        "Successful": [{"Id": "2", "MessageId": "m-2"}, {"Id": "0", "MessageId": "m-0"}],
        "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}],
    }

    assert boto_shapes.parse_sent(response, 3) == [
        Sent("m-0"),
        EntryFailure("InternalError", "", retriable=True),
        Sent("m-2"),
    ]


def test_an_entry_missing_from_the_response_failed() -> None:
    (failure,) = boto_shapes.parse_settled({"Successful": []}, 1)

    assert failure is not None
    assert failure.retriable


def test_a_response_may_omit_empty_lists() -> None:
    assert boto_shapes.parse_settled({"Successful": [{"Id": "0"}]}, 1) == [None]
    assert boto_shapes.parse_settled({"Failed": [_refusal("InternalError")]}, 1) != [None]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ReceiptHandleIsInvalid", "The receipt handle has expired"),
        ("MessageNotInflight", ""),
        ("AWS.SimpleQueueService.MessageNotInflight", ""),
        (
            "InvalidParameterValue",
            "Value AQEB for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "
            "available for visibility timeout change.",
        ),
        (
            "InvalidParameterValue",
            "Value 30 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the "
            "message is beyond the limit [43200 seconds]",
        ),
    ],
)
def test_every_form_of_a_lost_lease_is_recognized(code: str, message: str) -> None:
    (failure,) = boto_shapes.parse_settled({"Failed": [_refusal(code, message)]}, 1)

    assert failure is not None
    assert failure.lost
    assert not failure.retriable


@pytest.mark.parametrize(
    ("refusal", "retriable"),
    [
        ({"Code": "InternalError", "SenderFault": False}, True),
        ({"Code": "KMS.ThrottlingException", "SenderFault": True}, True),
        ({"Code": "KMSThrottling", "SenderFault": True}, True),
        ({"Code": "InvalidMessageContents", "SenderFault": True}, False),
        ({"Code": "InvalidParameterValue", "Message": "VisibilityTimeout 43201", "SenderFault": True}, False),
    ],
)
def test_failures_not_caused_by_the_sender_are_retriable(refusal: dict[str, Any], retriable: bool) -> None:
    (failure,) = boto_shapes.parse_settled({"Failed": [{"Id": "0", **refusal}]}, 1)

    assert failure is not None
    assert (failure.retriable, failure.lost) == (retriable, False)


def test_a_queue_without_redrive_policy_has_no_dead_letter_queue() -> None:
    attributes = boto_shapes.parse_queue_attributes({"QueueArn": "arn:aws:sqs:eu-west-1:1:orders"})

    assert attributes.dead_letter_arn is None
    assert attributes.max_receive_count is None
    assert attributes.visibility_timeout == 30


def _refusal(code: str, message: str = "") -> dict[str, Any]:
    return {"Id": "0", "Code": code, "Message": message, "SenderFault": True}
