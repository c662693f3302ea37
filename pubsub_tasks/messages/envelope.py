"""Decode records from queues to deliveries, and encode messages to what topics and queues take.

Decoding never raises: a record that cannot be read is a delivery with a `defect`. The format of each record
is detected on its own, so raw delivery, SNS notifications and CloudEvents may share a queue. Content is not
checked against a schema here.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..celery_messages.celery_message import is_celery_message, unwrap_base64
from ..content.body_format import FLAT_BODY
from ..content.codec import Codec
from ..errors import DecodeError, EnvelopeError, MessageError, TooManyAttributes
from ..wire.attributes import with_room_for_trace
from ..wire.compression import CONTENT_ENCODING, BodyLimit
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
from ..wire.resend_attribute import RESENT, ResendState, finite_number
from ..wire.s3_pointer import BodyInS3, raise_if_pointer
from ..wire.serialization import CONTENT_TYPE, JSON_ALONE, parse_json, read_body
from ..wire.sns_notification import SnsNotification, epoch_seconds, is_notification
from .cloud_event import binary_event, encode_event, extensions_of, object_in, only_event
from .delivery import NO_LEASE, Delivery, Lease, idle_receives
from .formats.celery_content import CeleryContent, read_celery_content
from .message import MESSAGE_ID, NOT_BEFORE, PUBLISHED, Message
from .publish_options import By, Id

MEDIA_TYPE_ATTRIBUTE = "media_type"
"""Name of the attribute for filter policies. Source: microcosm-pubsub's `choose_message_attributes`."""

_NO_HEADERS: Mapping[str, str] = {}
_NOT_RESENT = ResendState()

_Content = tuple[str | None, Mapping[str, str], Mapping[str, Any]]
"""Media type, headers and fields."""


def decode_record(
    record: Record,
    lease: Lease = NO_LEASE,
    *,
    accept: Collection[str] = JSON_ALONE,
    claimed: str | None = None,
    limit: BodyLimit | None = None,
) -> Delivery:
    """Return the delivery of a record; if it cannot be read, `defect` is a DecodeError or EnvelopeError.

    Args:
        lease: the visibility lease.
        accept: content types that are read; others are a defect.
        claimed: the body fetched from S3 if the record has a pointer; a pointer without it is a defect.
        limit: bytes that the body may decompress to; a larger body is a defect. 16 MiB by default.
    """
    notification = None
    attributes = record.attributes
    try:
        document = _parse(record.body, attributes, accept, claimed, limit)
        if is_notification(document):
            notification = SnsNotification.read(document)
            attributes = notification.attributes
            document = _parse(notification.message, attributes, accept, claimed, limit)
        if type(document) is dict and MEDIA_TYPE not in document and is_celery_message(document):
            celery = read_celery_content(document, accept, limit)
            return _celery_delivery(record, lease, notification, celery)
        content = _content(document, attributes)
    except MessageError as defect:
        return _delivery(record, lease, notification, (_media_type(attributes), _NO_HEADERS, {}), defect)
    return _delivery(record, lease, notification, content, None)


def next_attempt(delivery: Delivery) -> Delivery:
    """Return the delivery for another attempt without a new receive.

    Its fields are decoded again, since a handler may have edited them. A body that is yet to be fetched or
    decompressed stays so.
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
    delay: int = 0,
) -> Outgoing:
    """Return the message as a topic or queue takes it. Its id and publish time are among its headers.

    `delay` is in seconds, for queues only.

    Raises InvalidContent, EncodeError, and TooManyAttributes for more than ten attributes, including
    `media_type`.
    """
    headers = {**message.headers, PUBLISHED: str(message.published_at), MESSAGE_ID: message.id}
    written = codec.write(message.content, headers)
    if codec.body_format is FLAT_BODY and getattr(codec.schema, "CLOUD_EVENT", None):
        written = encode_event(codec.schema, codec.media_type, headers, written)
    attributes = with_room_for_trace(
        {**written.attributes, **attributes, MEDIA_TYPE_ATTRIBUTE: text(codec.media_type)}
    )
    if len(attributes) > MAX_ATTRIBUTES:
        raise TooManyAttributes(
            f"message of {codec.media_type} has {len(attributes)} attributes, {MEDIA_TYPE_ATTRIBUTE} among "
            f"them, and raw delivery discards messages with more than {MAX_ATTRIBUTES}: use headers instead"
        )
    if isinstance(group_id, By):
        group_id = group_id.of(codec.media_type, written.content)
    if isinstance(deduplication_id, By):
        deduplication_id = deduplication_id.of(codec.media_type, written.content)
    return Outgoing(written.body, attributes, group_id, deduplication_id, delay)


def _delivery(
    record: Record,
    lease: Lease,
    notification: SnsNotification | None,
    content: _Content,
    defect: MessageError | None,
) -> Delivery:
    media_type, headers, fields = content
    resent = ResendState.read(record.attributes) if RESENT in record.attributes else _NOT_RESENT
    not_before = (finite_number(headers[NOT_BEFORE]) or 0.0) if NOT_BEFORE in headers else 0.0
    return Delivery(
        record=record,
        id=headers.get(MESSAGE_ID) or (notification.message_id if notification else record.message_id),
        media_type=media_type,
        fields=fields,
        headers=headers,
        attempt=record.receive_count - idle_receives(record, not_before) + resent.attempts,
        published_at=_published_at(record, notification, headers, resent),
        attributes=notification.attributes if notification else record.attributes,
        topic=notification.topic if notification else None,
        not_before=not_before,
        waived=resent.waive,
        defect=defect,
        lease=lease,
    )


def _celery_delivery(
    record: Record, lease: Lease, notification: SnsNotification | None, celery: CeleryContent
) -> Delivery:
    delivery = _delivery(record, lease, notification, celery[:3], celery.defect)
    # A copy that this library sent counts all earlier attempts itself.
    retries = 0 if RESENT in record.attributes else celery.retries
    return replace(delivery, attempt=delivery.attempt + retries, timeout=celery.timeout)


def _published_at(
    record: Record, notification: SnsNotification | None, headers: Mapping[str, str], resent: ResendState
) -> float:
    if resent.first_published is not None:
        return resent.first_published
    published_at = finite_number(headers[PUBLISHED]) if PUBLISHED in headers else None
    if published_at is None and notification:
        published_at = notification.published_at
    return record.sent_at if published_at is None else published_at


def _parse(
    body: str,
    attributes: Mapping[str, Attribute],
    accept: Collection[str],
    claimed: str | None,
    limit: BodyLimit | None,
) -> Any:
    """Parse a body: an SNS notification, or a message in any content type."""
    if attributes and (CONTENT_TYPE in attributes or CONTENT_ENCODING in attributes):
        if body.startswith("["):  # neither base64 nor an object in another content type: may be a pointer
            body = _resolve_pointer(parse_json(body), claimed) or body
        return read_body(body, attributes, accept, limit)
    document = parse_json(unwrap_base64(body))
    if isinstance(document, list) and (text := _resolve_pointer(document, claimed)):
        return parse_json(text)
    return document


def _resolve_pointer(document: Any, claimed: str | None) -> str | None:
    """Return `claimed` if the document is a pointer, else None. Raises BodyInS3 if `claimed` is missing."""
    try:
        raise_if_pointer(document)
    except BodyInS3:
        if claimed is None:
            raise
        return claimed
    return None


def _content(document: Any, attributes: Mapping[str, Attribute]) -> _Content:
    if not isinstance(document, dict):
        document = only_event(document)
    media_type = document.get(MEDIA_TYPE)
    if media_type is None and "specversion" in document:
        return _cloud_event(document)
    if media_type is None:
        if event := binary_event(document, attributes):
            return _cloud_event(event)
        media_type = _media_type(attributes)
    return _check_media_type(media_type), _headers(document.get(OPAQUE_DATA)), document


def _media_type(attributes: Mapping[str, Attribute]) -> str | None:
    attribute = attributes.get(MEDIA_TYPE_ATTRIBUTE)
    return attribute.value if attribute and isinstance(attribute.value, str) else None


def _check_media_type(media_type: Any) -> str:
    if isinstance(media_type, str) and media_type:
        return media_type
    raise EnvelopeError(
        f"the message names no media type: it needs text as {MEDIA_TYPE!r} in the body, or an attribute "
        f"{MEDIA_TYPE_ATTRIBUTE!r}"
    )


def _headers(opaque: Any) -> Mapping[str, str]:
    if opaque is None:
        return _NO_HEADERS
    if not isinstance(opaque, dict):
        raise EnvelopeError(f"{OPAQUE_DATA!r} must be a JSON object of headers, not {type(opaque).__name__}")
    try:
        return {
            str(name): value if isinstance(value, str) else json.dumps(value)
            for name, value in opaque.items()
        }
    except (RecursionError, TypeError, ValueError) as error:  # YAML has values that JSON does not have
        raise DecodeError(f"a header cannot be written as JSON: {error}") from error


def _cloud_event(document: dict[str, Any]) -> _Content:
    """Read a CloudEvent in structured JSON. Its context attributes become headers.

    Source: CloudEvents 1.0.2, JSON event format. AWS.Messaging for .NET writes `data` as JSON text.
    """
    content = object_in(document)
    headers = dict(_headers(extensions_of(document)))
    if isinstance(document.get("id"), str):
        headers[MESSAGE_ID] = document["id"]
    published_at = epoch_seconds(document.get("time"))
    if published_at is not None:
        headers[PUBLISHED] = str(published_at)
    return _check_media_type(document.get("type")), headers, content
