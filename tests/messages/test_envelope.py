import json
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from marshmallow import fields

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.errors import DecodeError, EnvelopeError, InvalidContent, TooManyAttributes
from pubsub_tasks.messages.delivery import NoLease
from pubsub_tasks.messages.envelope import decode_record, encode_message, next_attempt
from pubsub_tasks.messages.lambda_record import record_from_lambda
from pubsub_tasks.messages.message import Message
from pubsub_tasks.wire.records import Attribute, Record, text
from pubsub_tasks.wire.resend_attribute import RESENT, ResendState
from pubsub_tasks.wire.s3_pointer import BodyInS3, Pointer
from pubsub_tasks.wire.sns_notification import SubscriptionConfirmation

FIXTURES = json.loads((Path(__file__).parents[1] / "fixtures" / "microcosm_messages.json").read_text("utf-8"))
MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
SENT_AT = 1_700_000_500.0


class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = MEDIA_TYPE

    order_id = fields.Integer(required=True)


CODEC = Codec(OrderPlaced)


def raw(body: str, **known: Any) -> Record:
    return Record(body, "handle", "sqs-id", sent_at=SENT_AT, **known)


def message(headers: Any = None, **members: Any) -> str:
    return json.dumps({"mediaType": MEDIA_TYPE, "opaqueData": headers or {}, "order_id": 7, **members})


def notification(inner: str, **members: Any) -> str:
    """As SNS wraps a message, byte for byte but for its signature."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "sns-id",
            "TopicArn": TOPIC,
            "Message": inner,
            "Timestamp": "2023-11-14T22:13:20.250Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/cert.pem",
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
            **members,
        }
    )


def test_a_raw_message_is_decoded() -> None:
    # Given
    record = raw(message({"x-request-id": "r"}), receive_count=3, attributes={"tenant": text("t")})
    lease = NoLease()

    # When
    delivery = decode_record(record, lease)

    # Then
    assert delivery.defect is None
    assert delivery.record is record
    assert delivery.id == "sqs-id"
    assert delivery.media_type == MEDIA_TYPE
    assert delivery.headers == {"x-request-id": "r"}
    assert CODEC.load(delivery.fields) == {"order_id": 7}
    assert delivery.attempt == 3
    assert delivery.published_at == SENT_AT
    assert delivery.attributes == {"tenant": text("t")}
    assert delivery.topic is None
    assert not delivery.waived
    assert delivery.lease is lease


def test_a_notification_is_decoded() -> None:
    # Given
    attributes = {
        "tenant": {"Type": "String", "Value": "t"},
        "weight": {"Type": "Number", "Value": "5"},
        "blob": {"Type": "Binary", "Value": b64encode(b"\x00\xff").decode()},
    }

    # When
    delivery = decode_record(raw(notification(message(), MessageAttributes=attributes)))

    # Then
    assert delivery.defect is None
    assert delivery.id == "sns-id"
    assert delivery.media_type == MEDIA_TYPE
    assert CODEC.load(delivery.fields) == {"order_id": 7}
    assert delivery.published_at == 1_700_000_000.25
    assert delivery.topic == TOPIC
    assert delivery.attributes == {
        "tenant": text("t"),
        "weight": Attribute("Number", "5"),
        "blob": Attribute("Binary", b"\x00\xff"),
    }


@pytest.mark.parametrize("case", FIXTURES["theirs"] + FIXTURES["ours"], ids=lambda case: case["case"])
@pytest.mark.parametrize("wrap", [str, notification])
def test_messages_of_microcosm_pubsub_are_decoded(case: dict[str, Any], wrap: Any) -> None:
    delivery = decode_record(raw(wrap(case["body"])))

    assert delivery.defect is None
    assert delivery.media_type == case["media_type"]
    assert delivery.headers == case["headers"]
    assert delivery.published_at == float(case["headers"]["x-request-published"])


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (raw(notification(message({"x-message-id": "ours"}))), "ours"),
        (raw(notification(message({"x-message-id": ""}))), "sns-id"),
        (raw(notification(message())), "sns-id"),
        (raw(message({"x-message-id": "ours"})), "ours"),
        (raw(message()), "sqs-id"),
    ],
)
def test_the_id_is_the_one_that_stays_longest(record: Record, expected: str) -> None:
    assert decode_record(record).id == expected


@pytest.mark.parametrize(
    ("resent", "header", "wrap", "expected"),
    [
        (1.5, "2.5", notification, 1.5),
        (None, "2.5", notification, 2.5),
        (None, "soon", notification, 1_700_000_000.25),
        (None, "nan", str, SENT_AT),
        (None, None, str, SENT_AT),
        (0.0, "2.5", str, 0.0),
    ],
)
def test_the_time_is_that_of_the_first_publish(
    resent: float | None, header: str | None, wrap: Any, expected: float
) -> None:
    # Given
    headers = {"x-request-published": header} if header else {}
    attributes = {RESENT: ResendState(first_published=resent).attribute()}

    # Then
    assert decode_record(raw(wrap(message(headers)), attributes=attributes)).published_at == expected


@pytest.mark.parametrize("timestamp", [None, 5, "", "yesterday", "9999-99-99T00:00:00Z"])
def test_an_invalid_timestamp_counts_as_missing(timestamp: Any) -> None:
    delivery = decode_record(raw(notification(message(), Timestamp=timestamp)))

    assert delivery.defect is None
    assert delivery.published_at == SENT_AT


def test_a_timestamp_without_a_zone_is_in_utc(far_from_greenwich: None) -> None:
    record = raw(notification(message(), Timestamp="2023-11-14T22:13:20"))

    assert decode_record(record).published_at == 1_700_000_000


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as here:
        here.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def test_attempts_on_earlier_copies_count() -> None:
    # Given
    resent = ResendState(first_published=5.0, attempts=4, waive=True)
    record = raw(message(), receive_count=2, attributes={RESENT: resent.attribute(), "a": text("b")})

    # When
    delivery = decode_record(record)

    # Then
    assert delivery.attempt == 6
    assert delivery.waived
    assert delivery.record is record


def test_headers_that_are_not_text_become_json() -> None:
    headers = {"n": 1.5, "flag": True, "none": None, "list": [1, "é"], "Case": "Kept"}

    assert decode_record(raw(message(headers))).headers == {
        "n": "1.5",
        "flag": "true",
        "none": "null",
        "list": '[1, "\\u00e9"]',
        "Case": "Kept",
    }


@pytest.mark.parametrize("members", [{}, {"opaqueData": None}])
def test_headers_may_be_missing(members: dict[str, Any]) -> None:
    delivery = decode_record(raw(json.dumps({"mediaType": MEDIA_TYPE, **members})))

    assert delivery.defect is None
    assert delivery.headers == {}


def test_the_media_type_may_come_in_an_attribute() -> None:
    # Given
    body = json.dumps({"order_id": 7})

    # When
    as_raw = decode_record(raw(body, attributes={"media_type": text(MEDIA_TYPE)}))
    told = {"media_type": {"Type": "String", "Value": MEDIA_TYPE}}
    as_notification = decode_record(raw(notification(body, MessageAttributes=told)))

    # Then
    assert as_raw.media_type == as_notification.media_type == MEDIA_TYPE
    assert as_raw.fields == as_notification.fields == {"order_id": 7}


def test_the_body_names_the_media_type_before_the_attribute() -> None:
    record = raw(message(), attributes={"media_type": text("other")})

    assert decode_record(record).media_type == MEDIA_TYPE


def test_a_message_that_looks_like_a_notification_is_a_message() -> None:
    body = message(Type="Notification", TopicArn=TOPIC, Message="hello")

    assert decode_record(raw(body)).fields["Message"] == "hello"


HOSTILE = {
    "nothing": "",
    "no JSON": "hello",
    "half of JSON": '{"mediaType": "x"',
    "endless lists": "[" * 100_000,
    "endless objects": '{"a":' * 100_000,
    "an endless number": '{"mediaType": "x", "n": ' + "9" * 5_000 + "}",
    "a NUL": '{"mediaType": "x\x00"}',
    "a list": "[]",
    "text": '"hello"',
    "a number": "5",
    "null": "null",
    "no media type": "{}",
    "a number for a media type": '{"mediaType": 5}',
    "no text in the media type": '{"mediaType": ""}',
    "a list for a media type": '{"mediaType": ["x"]}',
    "a list of headers": '{"mediaType": "x", "opaqueData": []}',
    "text for headers": '{"mediaType": "x", "opaqueData": "y"}',
    "a notification of no message": notification("x", Message=None),
    "a notification without an id": notification("{}", MessageId=5),
    "a notification of a strange topic": notification("{}", TopicArn=["x"]),
    "a notification with a list of attributes": notification("{}", MessageAttributes=[1]),
    "a notification with text for an attribute": notification("{}", MessageAttributes={"a": "b"}),
    "a notification with an empty attribute": notification("{}", MessageAttributes={"a": {}}),
    "a notification with a number for a type": notification(
        "{}", MessageAttributes={"a": {"Type": 1, "Value": 2}}
    ),
    "a notification with bad base64": notification(
        "{}", MessageAttributes={"a": {"Type": "Binary", "Value": "x"}}
    ),
    "a notification with a number for text": notification(
        "{}", MessageAttributes={"a": {"Type": "String", "Value": 2}}
    ),
    "a notification of no JSON": notification("hello"),
    "a notification in a notification": notification(notification(message())),
    "a kind that cannot be hashed": notification("{}", Type=["Notification"]),
    "a CloudEvent without a type": '{"specversion": "1.0", "id": "1", "data": {}}',
    "a CloudEvent without data": '{"specversion": "1.0", "id": "1", "type": "x"}',
    "a CloudEvent of text": '{"specversion": "1.0", "type": "x", "data": "hello"}',
    "half a pointer": '["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3Key": "k"}]',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_cannot_be_read_is_a_delivery_with_a_defect(body: str) -> None:
    # Given
    record = raw(body, receive_count=2)

    # When
    delivery = decode_record(record)

    # Then
    assert isinstance(delivery.defect, DecodeError | EnvelopeError)
    assert not isinstance(delivery.defect, SubscriptionConfirmation)
    assert len(str(delivery.defect)) < 300
    assert delivery.record is record
    assert delivery.record.body == body
    assert delivery.fields == {}
    assert delivery.headers == {}
    assert delivery.attempt == 2


@pytest.mark.parametrize(
    "body",
    [
        '{"mediaType": "x", "mediaType": "y"}',
        '{"mediaType": "y", "n": NaN}',
        '{"mediaType": "y", "text": "\\ud800\\u0000"}',
        '{"mediaType": "y", "opaqueData": {"x-message-id": {"a": 1}}}',
    ],
)
def test_odd_content_is_left_to_the_schema(body: str) -> None:
    delivery = decode_record(raw(body))

    assert delivery.defect is None
    assert delivery.media_type == "y"


@pytest.mark.parametrize(
    "start",
    [
        '{"mediaType": "x", "opaqueData": {"h": %s}}',
        '{"specversion": "1.0", "type": "x", "data": {}, "h": %s}',
    ],
)
def test_deeply_nested_headers_are_a_defect(start: str) -> None:
    """Somewhere between lies what is shallow enough to be read and too deep to be written; where, differs."""
    for depth in (*range(800, 1_000), 2_000, 5_000, 9_000, 20_000, 100_000):
        defect = decode_record(raw(start % ("[" * depth + "]" * depth))).defect

        assert defect is None or isinstance(defect, DecodeError)
    assert defect


HUGE = "0x" + "f" * 6_000  # more digits than Python writes of an integer


@pytest.mark.parametrize(
    "body",
    [
        "{mediaType: x, opaqueData: {day: 2026-11-27}}",
        f"{{mediaType: x, opaqueData: {{n: {HUGE}}}}}",
        "{mediaType: x, opaqueData: {? 2026-11-27 : {2026-11-27: 1}}}",
        "{specversion: '1.0', type: x, data: {}, source: 2026-11-27}",
        "{body: '[[],{},{}]', content-type: application/json, properties: {}, "
        "headers: {task: t, h: {2026-11-27: 1}}}",
        f"{{body: x, content-type: {HUGE}, properties: {{}}, headers: {{task: t}}}}",
    ],
)
def test_headers_that_json_cannot_carry_are_a_defect(body: str) -> None:
    record = raw(body, attributes={"content_type": text("application/x-yaml")})

    defect = decode_record(record, accept={"application/x-yaml", "application/json"}).defect

    assert isinstance(defect, DecodeError)
    assert len(str(defect)) < 300


def test_a_delivery_with_a_defect_has_what_is_known_of_it() -> None:
    # Given
    told = {"media_type": {"Type": "String", "Value": MEDIA_TYPE}}
    resent = {RESENT: ResendState(first_published=5.0, attempts=1).attribute()}

    # When
    delivery = decode_record(raw(notification("hello", MessageAttributes=told), attributes=resent))

    # Then
    assert isinstance(delivery.defect, DecodeError)
    assert delivery.media_type == MEDIA_TYPE
    assert delivery.id == "sns-id"
    assert delivery.topic == TOPIC
    assert delivery.published_at == 5.0
    assert delivery.attempt == 2


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_confirmation_is_recognised(kind: str) -> None:
    # Given
    body = notification("You have chosen to subscribe", Type=kind, Token="t", SubscribeURL="https://sns/")

    # When
    delivery = decode_record(raw(body))

    # Then
    assert isinstance(delivery.defect, SubscriptionConfirmation)
    assert TOPIC in str(delivery.defect)


@pytest.mark.parametrize(
    "kind",
    ["software.amazon.payloadoffloading.PayloadS3Pointer", "com.amazon.sqs.javamessaging.MessageS3Pointer"],
)
@pytest.mark.parametrize("wrap", [str, notification])
def test_a_body_in_s3_is_recognised(kind: str, wrap: Any) -> None:
    body = wrap(json.dumps([kind, {"s3BucketName": "bucket", "s3Key": "key"}]))

    defect = decode_record(raw(body)).defect

    assert isinstance(defect, BodyInS3)
    assert defect.pointer == Pointer("bucket", "key")
    assert "'bucket'" in str(defect)


def event(**members: Any) -> str:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": "event-id",
            "source": "/shop",
            "type": MEDIA_TYPE,
            "time": "2023-11-14T22:13:20Z",
            "datacontenttype": "application/json",
            "data": {"order_id": 7},
            "tenant": "t",
            **members,
        }
    )


@pytest.mark.parametrize("content", [{"order_id": 7}, '{"order_id": 7}'])
@pytest.mark.parametrize("wrap", [str, notification])
def test_a_cloud_event_is_decoded(content: Any, wrap: Any) -> None:
    delivery = decode_record(raw(wrap(event(data=content))))

    assert delivery.defect is None
    assert delivery.id == "event-id"
    assert delivery.media_type == MEDIA_TYPE
    assert delivery.published_at == 1_700_000_000
    assert delivery.fields == {"order_id": 7}
    assert delivery.headers["source"] == "/shop"
    assert delivery.headers["tenant"] == "t"


def test_a_cloud_event_may_leave_out_what_is_optional() -> None:
    delivery = decode_record(raw(event(id=5, time=None)))

    assert delivery.defect is None
    assert delivery.id == "sqs-id"
    assert delivery.published_at == SENT_AT


def test_a_lambda_record_equals_that_of_sqs() -> None:
    # Given
    record = {
        "messageId": "sqs-id",
        "receiptHandle": "handle",
        "body": message(),
        "attributes": {
            "ApproximateReceiveCount": "2",
            "SentTimestamp": "1700000500250",
            "ApproximateFirstReceiveTimestamp": "1700000501000",
            "SenderId": "AIDA",
            "MessageGroupId": "g",
            "MessageDeduplicationId": "d",
            "SequenceNumber": "18849496460467696128",
            "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
        },
        "messageAttributes": {
            "tenant": {"stringValue": "t", "dataType": "String", "stringListValues": []},
            "blob": {"binaryValue": b64encode(b"\xff").decode(), "dataType": "Binary.png"},
        },
        "md5OfBody": "x",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
        "awsRegion": "eu-west-1",
    }

    # When
    opened = record_from_lambda(record)

    # Then
    assert opened == Record(
        body=message(),
        receipt_handle="handle",
        message_id="sqs-id",
        receive_count=2,
        sent_at=1_700_000_500.25,
        first_received_at=1_700_000_501.0,
        attributes={"tenant": text("t"), "blob": Attribute("Binary.png", b"\xff")},
        group_id="g",
        deduplication_id="d",
        sequence_number="18849496460467696128",
        trace_header="Root=1-5759e988-bd862e3fe1be46a994272793",
    )
    assert decode_record(opened).attempt == 2


def test_a_lambda_record_may_lack_optional_members() -> None:
    assert record_from_lambda({"messageId": "m", "body": "b"}) == Record("b", "", "m")


@pytest.mark.parametrize(
    "record",
    [{"EventSource": "aws:sns", "Sns": {"Message": "x"}}, {"messageId": "m", "body": None}, {"body": "b"}],
)
def test_a_record_of_another_source_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(EnvelopeError, match=f"keys {re.escape(str(sorted(record)))} is not from SQS"):
        record_from_lambda(record)


MESSAGE = Message(MEDIA_TYPE, {"order_id": 7}, {"x-request-id": "r"}, "ours", 1_700_000_000.123)


def test_an_encoded_message_decodes_to_the_same_content() -> None:
    # When
    sealed = encode_message(
        CODEC, MESSAGE, attributes={"tenant": text("t")}, group_id="g", deduplication_id="d"
    )

    # Then
    assert sealed.attributes == {"tenant": text("t"), "media_type": text(MEDIA_TYPE)}
    assert (sealed.group_id, sealed.deduplication_id, sealed.delay) == ("g", "d", 0)

    # When
    delivery = decode_record(raw(sealed.body, attributes=sealed.attributes))

    # Then
    assert delivery.id == "ours"
    assert delivery.media_type == MEDIA_TYPE
    assert CODEC.load(delivery.fields) == MESSAGE.content
    assert delivery.headers["x-request-id"] == "r"
    assert delivery.published_at == MESSAGE.published_at


def test_headers_cannot_contradict_the_message() -> None:
    forged = replace(MESSAGE, headers={"x-message-id": "forged", "x-request-published": "1"})

    delivery = decode_record(raw(encode_message(CODEC, forged).body))

    assert delivery.id == "ours"
    assert delivery.published_at == MESSAGE.published_at


def test_a_message_has_at_most_ten_attributes() -> None:
    # Given
    nine = {f"a{number}": text("x") for number in range(9)}

    # Then
    assert len(encode_message(CODEC, MESSAGE, attributes=nine).attributes) == 10
    forged = encode_message(CODEC, MESSAGE, attributes={**nine, "media_type": text("y")}).attributes
    assert len(forged) == 10
    assert forged["media_type"] == text(MEDIA_TYPE)
    with pytest.raises(TooManyAttributes, match="has 11 attributes"):
        encode_message(CODEC, MESSAGE, attributes={**nine, "a9": text("x")})


def test_invalid_content_is_not_encoded() -> None:
    with pytest.raises(InvalidContent):
        encode_message(CODEC, replace(MESSAGE, content={}))


def test_the_next_attempt_decodes_the_fields_again():
    body = '{"mediaType": "order", "lines": [1]}'
    edited: Any = decode_record(Record(body, "receipt", "sqs-id"))
    edited.fields["lines"].append(2)

    again = next_attempt(edited)

    assert (again.attempt, again.fields["lines"], again.record) == (2, [1], edited.record)
