import json
from base64 import b64encode
from dataclasses import fields as names_of
from dataclasses import replace
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st
from marshmallow import fields

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.messages.envelope import decode_record, encode_message
from pubsub_tasks.messages.message import Message
from pubsub_tasks.wire.records import Attribute, Outgoing, Record, text
from pubsub_tasks.wire.resend_attribute import RESENT


class Anything(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.anything"

    value = fields.Raw(required=True, allow_none=True)


CODEC = Codec(Anything)

KEYS = ("mediaType", "opaqueData", "Type", "TopicArn", "Message", "MessageId", "MessageAttributes")
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
telling = st.sampled_from(["Notification", "SubscriptionConfirmation", "specversion", "data", "type", "{}"])
documents = st.recursive(
    scalars | telling,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from((*KEYS, "specversion", "data", "type", "id", "time")) | st.text(),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
attributes = st.dictionaries(
    st.sampled_from(["media_type", RESENT, "dead_letter", "a"]),
    st.builds(Attribute, st.sampled_from(["String", "Number", "Binary"]), st.text() | st.binary()),
)

contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
messages = st.builds(
    Message,
    st.just(Anything.MEDIA_TYPE),
    st.fixed_dictionaries({"value": contents}),
    st.dictionaries(st.text(), st.text(), max_size=3),
    st.text(min_size=1),
    st.floats(min_value=0, max_value=1e11),
)
own_attributes = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.builds(text, st.text(min_size=1)) | st.builds(Attribute, st.just("Binary"), st.binary(min_size=1)),
    max_size=9,
)


@given(st.text() | documents.map(json.dumps), attributes)
@example("[" * 100_000, {})
@example('{"mediaType": "x", "opaqueData": {"a": ' + "[" * 500 + "]" * 500 + "}}", {})
def test_opening_never_raises(body: str, told: dict[str, Attribute]) -> None:
    record = Record(body, "handle", "sqs-id", attributes=told)

    for received in (record, replace(record, body=_notified(Outgoing(body, told)))):
        delivery = decode_record(received)

        assert delivery.record is received
        assert delivery.attempt >= 1
        assert delivery.id
        assert delivery.defect or delivery.media_type
        assert all(isinstance(value, str) for value in delivery.headers.values())


@given(
    documents.map(json.dumps) | messages.map(lambda message: encode_message(CODEC, message).body),
    own_attributes,
)
def test_both_forms_of_delivery_open_alike_but_for_what_raw_does_not_carry(
    body: str, own: dict[str, Attribute]
) -> None:
    # Given
    assume(not _is_of_sns(body))
    record = Record(body, "handle", "sqs-id", 2, 5.0, 6.0)

    # When
    as_raw = decode_record(replace(record, attributes=own))
    as_notice = decode_record(replace(record, body=_notified(Outgoing(body, own))))

    # Then
    assert _said(as_raw) == _said(as_notice)
    told = as_raw.headers.get("x-message-id")
    assert (as_raw.id, as_notice.id) == ((told, told) if told else ("sqs-id", "sns-id"))
    assert as_notice.topic == "topic"


@given(messages, own_attributes)
def test_what_is_sealed_opens_to_what_was_said(message: Message, own: dict[str, Attribute]) -> None:
    # When
    sealed = encode_message(CODEC, message, attributes=own)
    delivery = decode_record(Record(sealed.body, "handle", "sqs-id", attributes=sealed.attributes))

    # Then
    assert delivery.defect is None
    assert delivery.id == message.id
    assert delivery.media_type == message.media_type
    assert delivery.published_at == message.published_at
    assert CODEC.load(delivery.fields) == message.content
    assert delivery.headers == {
        **message.headers,
        "x-message-id": message.id,
        "x-request-published": str(message.published_at),
    }
    assert sealed.body.encode()
    assert set(delivery.attributes) == {*own, "media_type"}


def _notified(sent: Outgoing) -> str:
    told = {
        name: {
            "Type": attribute.type,
            "Value": attribute.value
            if isinstance(attribute.value, str)
            else b64encode(attribute.value).decode(),
        }
        for name, attribute in sent.attributes.items()
    }
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "sns-id",
            "TopicArn": "topic",
            "Message": sent.body,
            "MessageAttributes": told,
        }
    )


def _is_of_sns(body: str) -> bool:
    """What SNS itself would have said is no message that somebody published."""
    document = json.loads(body)
    return isinstance(document, dict) and {"Type", "TopicArn", "Message"} <= document.keys()


def _said(delivery: Any) -> dict[str, Any]:
    carried_by_notices_alone = {"record", "id", "topic", "defect", "lease"}
    said = {
        field.name: repr(getattr(delivery, field.name))
        for field in names_of(delivery)
        if field.name not in carried_by_notices_alone
    }
    return {**said, "defect": type(delivery.defect)}
