"""Envelope: from what a queue hands out to a delivery, and from a message to what a topic is given.

Opening never raises: what cannot be read is a delivery with a `defect`, its record untouched. Each record is
looked at by itself, so raw delivery, SNS notifications and CloudEvents may share a queue. Knows nothing of
tasks, of what a schema asks for, or of what becomes of a delivery.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .codecs import MEDIA_TYPE, OPAQUE_DATA, Codec
from .delivery import UNLEASED, Delivery, Lease
from .errors import DecodeError, EnvelopeError, MessageError, TooManyAttributes
from .message import MESSAGE_ID, PUBLISHED, Message
from .notices import Notice, attribute_from, epoch, is_notice
from .options import By, Id
from .resent import RESENT, Resent, seconds
from .wire import MAX_ATTRIBUTES, NO_ATTRIBUTES, Attribute, Outgoing, Record, text

MEDIA_TYPE_ATTRIBUTE = "media_type"
"""The message attribute that filter policies see. Source: microcosm-pubsub's `choose_message_attributes`."""

_EVENT_ITSELF = frozenset({"specversion", "id", "type", "time", "datacontenttype", "data"})
_NO_HEADERS: Mapping[str, str] = {}
_NOT_RESENT = Resent()

_Said = tuple[str | None, Mapping[str, str], Mapping[str, Any]]
"""Media type, headers and fields."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where Amazon's Extended Client Library parked a large body: an S3 bucket and key."""

    bucket: str
    key: str


class Parked(EnvelopeError):
    """The body is elsewhere, at `pointer`."""

    def __init__(self, pointer: Pointer) -> None:
        super().__init__(
            f"the body is parked in S3, bucket {pointer.bucket!r:.80}, key {pointer.key!r:.256}, "
            "and claim checks are not supported here: send it again with its body in the message"
        )
        self.pointer = pointer


def open_record(record: Record, lease: Lease = UNLEASED) -> Delivery:
    """The delivery that a record is, with a DecodeError or EnvelopeError as its `defect` if it is none."""
    notice = None
    try:
        document = _parsed(record.body)
        if is_notice(document):
            notice = Notice.read(document)
            document = _parsed(notice.message)
        said = _said(document, notice.attributes if notice else record.attributes)
    except MessageError as defect:
        unsaid: _Said = (_media_type(notice.attributes if notice else record.attributes), _NO_HEADERS, {})
        return _delivery(record, lease, notice, unsaid, defect)
    return _delivery(record, lease, notice, said, None)


def seal(
    codec: Codec,
    message: Message,
    *,
    attributes: Mapping[str, Attribute] = NO_ATTRIBUTES,
    group_id: Id | None = None,
    deduplication_id: Id | None = None,
) -> Outgoing:
    """The message as a topic or queue is given it; its id and time travel among its headers.

    Raises InvalidContent, EncodeError, and TooManyAttributes beyond ten, `media_type` included.
    """
    headers = {**message.headers, MESSAGE_ID: message.id, PUBLISHED: str(message.published_at)}
    written = codec.write(message.content, headers)
    attributes = {**written.attributes, **attributes, MEDIA_TYPE_ATTRIBUTE: text(codec.media_type)}
    if len(attributes) > MAX_ATTRIBUTES:
        raise TooManyAttributes(
            f"message of {codec.media_type} has {len(attributes)} attributes, {MEDIA_TYPE_ATTRIBUTE} among "
            f"them, and raw delivery discards what has more than {MAX_ATTRIBUTES}: use headers instead"
        )
    group, deduplication = (
        given.of(codec.media_type, written.content) if isinstance(given, By) else given
        for given in (group_id, deduplication_id)
    )
    return Outgoing(written.body, attributes, group, deduplication)


def from_lambda(record: Mapping[str, Any]) -> Record:
    """A record of a Lambda event, whose keys are in camel case. Raises EnvelopeError if it is not from SQS.

    Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS".
    """
    body, message_id = record.get("body"), record.get("messageId")
    if not isinstance(body, str) or not isinstance(message_id, str):
        raise EnvelopeError(
            f"a record with the keys {sorted(record)} is not from SQS: subscribe the function to a queue"
        )
    system = record.get("attributes") or {}
    return Record(
        body=body,
        receipt_handle=record.get("receiptHandle", ""),
        message_id=message_id,
        receive_count=int(system.get("ApproximateReceiveCount", 1)),
        sent_at=int(system.get("SentTimestamp", 0)) / 1000,
        first_received_at=int(system.get("ApproximateFirstReceiveTimestamp", 0)) / 1000,
        attributes={
            name: attribute_from(shape.get("dataType"), shape.get("stringValue") or shape.get("binaryValue"))
            for name, shape in (record.get("messageAttributes") or {}).items()
        },
        group_id=system.get("MessageGroupId"),
        deduplication_id=system.get("MessageDeduplicationId"),
        sequence_number=system.get("SequenceNumber"),
        trace_header=system.get("AWSTraceHeader"),
        source_arn=system.get("DeadLetterQueueSourceArn"),
    )


def _delivery(
    record: Record, lease: Lease, notice: Notice | None, said: _Said, defect: MessageError | None
) -> Delivery:
    media_type, headers, fields = said
    resent = Resent.read(record.attributes) if RESENT in record.attributes else _NOT_RESENT
    return Delivery(
        record=record,
        id=headers.get(MESSAGE_ID) or (notice.message_id if notice else record.message_id),
        media_type=media_type,
        fields=fields,
        headers=headers,
        attempt=record.receive_count + resent.attempts,
        published_at=_published_at(record, notice, headers, resent),
        attributes=notice.attributes if notice else record.attributes,
        topic=notice.topic if notice else None,
        waived=resent.waive,
        defect=defect,
        lease=lease,
    )


def _published_at(record: Record, notice: Notice | None, headers: Mapping[str, str], resent: Resent) -> float:
    if resent.first_published is not None:
        return resent.first_published
    told = seconds(headers.get(PUBLISHED))
    if told is None and notice:
        told = notice.published_at
    return record.sent_at if told is None else told


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise DecodeError(f"a body of {len(body):,} characters is not JSON: {error}") from error
    except RecursionError as error:
        raise DecodeError(f"a body of {len(body):,} characters is nested too deeply to be read") from error


def _said(document: Any, attributes: Mapping[str, Attribute]) -> _Said:
    if not isinstance(document, dict):
        raise _no_object(document)
    media_type = document.get(MEDIA_TYPE)
    if media_type is None and "specversion" in document:
        return _event(document)
    if media_type is None:
        media_type = _media_type(attributes)
    return _named(media_type), _headers(document.get(OPAQUE_DATA)), document


def _media_type(attributes: Mapping[str, Attribute]) -> str | None:
    attribute = attributes.get(MEDIA_TYPE_ATTRIBUTE)
    return attribute.value if attribute and isinstance(attribute.value, str) else None


def _named(media_type: Any) -> str:
    if isinstance(media_type, str) and media_type:
        return media_type
    raise EnvelopeError(
        f"the message names no media type: it takes text as {MEDIA_TYPE!r} in the body, or an attribute "
        f"{MEDIA_TYPE_ATTRIBUTE!r}"
    )


def _headers(said: Any) -> Mapping[str, str]:
    if said is None:
        return _NO_HEADERS
    if not isinstance(said, dict):
        raise EnvelopeError(f"{OPAQUE_DATA!r} must be a JSON object of headers, not {type(said).__name__}")
    try:
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}
    except RecursionError as error:
        raise DecodeError("a header is nested too deeply to be read") from error


def _no_object(document: Any) -> MessageError:
    match document:
        case [str(), {"s3BucketName": str(bucket), "s3Key": str(key)}]:
            return Parked(Pointer(bucket, key))
    return DecodeError(f"the body must be a JSON object and is of type {type(document).__name__}")


def _event(document: dict[str, Any]) -> _Said:
    """A CloudEvent in structured JSON. Its context travels on as headers, in the names that we give them.

    Source: CloudEvents 1.0.2, JSON event format. AWS.Messaging for .NET writes `data` as JSON text.
    """
    content = document.get("data")
    if isinstance(content, str):
        content = _parsed(content)
    if not isinstance(content, dict):
        raise EnvelopeError("the CloudEvent has no JSON object as its data")
    headers = dict(_headers({name: document[name] for name in document.keys() - _EVENT_ITSELF}))
    if isinstance(document.get("id"), str):
        headers[MESSAGE_ID] = document["id"]
    published_at = epoch(document.get("time"))
    if published_at is not None:
        headers[PUBLISHED] = str(published_at)
    return _named(document.get("type")), headers, content
