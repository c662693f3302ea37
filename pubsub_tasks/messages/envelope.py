"""Envelope: from what a queue hands out to a delivery, and from a message to what a topic is given.

Opening never raises: what cannot be read is a delivery with a `defect`, its record untouched. Each record is
looked at by itself, so raw delivery, SNS notifications and CloudEvents may share a queue. Knows nothing of
tasks, of what a schema asks for, or of what becomes of a delivery.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..content.codec import Codec
from ..errors import DecodeError, EnvelopeError, MessageError, TooManyAttributes
from ..wire.compression import CONTENT_ENCODING, BodyLimit
from ..wire.record_reader import make_attribute_from_base64
from ..wire.record_reader import make_record as received
from ..wire.records import (
    MAX_ATTRIBUTES,
    MEDIA_TYPE,
    NO_ATTRIBUTES,
    OPAQUE_DATA,
    Attribute,
    Outgoing,
    Record,
    text,
)
from ..wire.resend import RESENT, ResendState, finite_number
from ..wire.s3_pointer import BodyInS3, raise_if_pointer
from ..wire.serialization import CONTENT_TYPE, JSON_ALONE, parse_json, read_body
from ..wire.sns_notification import SnsNotification, epoch_seconds, is_notification
from .delivery import NO_LEASE, Delivery, Lease
from .message import MESSAGE_ID, NOT_BEFORE, PUBLISHED, Message
from .publish_options import By, Id

MEDIA_TYPE_ATTRIBUTE = "media_type"
"""The message attribute that filter policies see. Source: microcosm-pubsub's `choose_message_attributes`."""

_EVENT_ITSELF = frozenset({"specversion", "id", "type", "time", "datacontenttype", "data"})
_NO_HEADERS: Mapping[str, str] = {}
_NOT_RESENT = ResendState()

_Said = tuple[str | None, Mapping[str, str], Mapping[str, Any]]
"""Media type, headers and fields."""


def decode_record(
    record: Record,
    lease: Lease = NO_LEASE,
    *,
    accept: Collection[str] = JSON_ALONE,
    claimed: str | None = None,
    limit: BodyLimit | None = None,
) -> Delivery:
    """The delivery that a record is, with a DecodeError or EnvelopeError as its `defect` if it is none.

    Content of other types than `accept` is a defect too, and so is a body that is parked elsewhere, or that
    decompresses to more than `limit` (16 MiB by default). `claimed` is the parked body, fetched.
    """
    notice = None
    attributes = record.attributes
    try:
        document = _parsed(record.body, attributes, accept, claimed, limit)
        if is_notification(document):
            notice = SnsNotification.read(document)
            attributes = notice.attributes
            document = _parsed(notice.message, attributes, accept, claimed, limit)
        said = _said(document, attributes)
    except MessageError as defect:
        return _delivery(record, lease, notice, (_media_type(attributes), _NO_HEADERS, {}), defect)
    return _delivery(record, lease, notice, said, None)


def next_attempt(delivery: Delivery) -> Delivery:
    """The delivery for another try in hand, its fields read again: a handler may have edited them.

    A body that has yet to be opened stays closed.
    """
    if delivery.defect is not None:
        return replace(delivery, attempt=delivery.attempt + 1)
    fields = decode_record(delivery.record).fields or delivery.fields
    return replace(delivery, attempt=delivery.attempt + 1, fields=fields)


def encode_message(
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


def record_from_lambda(record: Mapping[str, Any]) -> Record:
    """A record of a Lambda event, whose keys are in camel case. Raises EnvelopeError if it is not from SQS.

    Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS".
    """
    body, message_id = record.get("body"), record.get("messageId")
    if not isinstance(body, str) or not isinstance(message_id, str):
        raise EnvelopeError(
            f"a record with the keys {sorted(record)} is not from SQS: subscribe the function to a queue"
        )
    handle, shapes = record.get("receiptHandle"), record.get("messageAttributes")
    found = {name: _from_lambda(shape) for name, shape in shapes.items()} if isinstance(shapes, dict) else {}
    return received(
        body,
        handle if isinstance(handle, str) else "",
        message_id,
        record.get("attributes"),
        {name: attribute for name, attribute in found.items() if attribute is not None},
    )


def _from_lambda(shape: Any) -> Attribute | None:
    if not isinstance(shape, dict):
        return None
    return make_attribute_from_base64(
        shape.get("dataType"), shape.get("stringValue") or shape.get("binaryValue")
    )


def _delivery(
    record: Record, lease: Lease, notice: SnsNotification | None, said: _Said, defect: MessageError | None
) -> Delivery:
    media_type, headers, fields = said
    resent = ResendState.read(record.attributes) if RESENT in record.attributes else _NOT_RESENT
    not_before = finite_number(headers.get(NOT_BEFORE)) or 0.0
    # Of one that came before it was due, the first receive was spent on waiting: nothing was tried.
    early = 1 if 0 < record.first_received_at < not_before and record.receive_count > 1 else 0
    return Delivery(
        record=record,
        id=headers.get(MESSAGE_ID) or (notice.message_id if notice else record.message_id),
        media_type=media_type,
        fields=fields,
        headers=headers,
        attempt=record.receive_count - early + resent.attempts,
        published_at=_published_at(record, notice, headers, resent),
        attributes=notice.attributes if notice else record.attributes,
        topic=notice.topic if notice else None,
        not_before=not_before,
        waived=resent.waive,
        defect=defect,
        lease=lease,
    )


def _published_at(
    record: Record, notice: SnsNotification | None, headers: Mapping[str, str], resent: ResendState
) -> float:
    if resent.first_published is not None:
        return resent.first_published
    told = finite_number(headers.get(PUBLISHED))
    if told is None and notice:
        told = notice.published_at
    return record.sent_at if told is None else told


def _parsed(
    body: str,
    attributes: Mapping[str, Attribute],
    accept: Collection[str],
    claimed: str | None,
    limit: BodyLimit | None,
) -> Any:
    """The JSON of a notification, or what a message says."""
    if attributes and (CONTENT_TYPE in attributes or CONTENT_ENCODING in attributes):
        if body.startswith("["):  # no text in base64, nor an object in any format but JSON
            body = _claimed(parse_json(body), claimed) or body
        return read_body(body, attributes, accept, limit)
    document = parse_json(body)
    if isinstance(document, list) and (text := _claimed(document, claimed)):
        return parse_json(text)
    return document


def _claimed(document: Any, claimed: str | None) -> str | None:
    """The text in the place of a pointer, None for what is no pointer. Raises BodyInS3 without that text."""
    try:
        raise_if_pointer(document)
    except BodyInS3:
        if claimed is None:
            raise
        return claimed
    return None


def _said(document: Any, attributes: Mapping[str, Attribute]) -> _Said:
    if not isinstance(document, dict):
        raise DecodeError(f"the body must be an object and is of type {type(document).__name__}")
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


def _event(document: dict[str, Any]) -> _Said:
    """A CloudEvent in structured JSON. Its context travels on as headers, in the names that we give them.

    Source: CloudEvents 1.0.2, JSON event format. AWS.Messaging for .NET writes `data` as JSON text.
    """
    content = document.get("data")
    if isinstance(content, str):
        content = parse_json(content)
    if not isinstance(content, dict):
        raise EnvelopeError("the CloudEvent has no JSON object as its data")
    headers = dict(_headers({name: document[name] for name in document.keys() - _EVENT_ITSELF}))
    if isinstance(document.get("id"), str):
        headers[MESSAGE_ID] = document["id"]
    published_at = epoch_seconds(document.get("time"))
    if published_at is not None:
        headers[PUBLISHED] = str(published_at)
    return _named(document.get("type")), headers, content
