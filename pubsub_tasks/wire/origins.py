"""Recognize by the shape of its JSON which system wrote a message.

The shapes:

- Celery and kombu: kombu's SQS transport sends base64 of `{"body", "content-type", "headers", "properties"}`,
  or, with `sqs_base64_encoding=False`, that JSON itself. Protocol 2 names the task in the headers, protocol 1
  in the body, which is base64 too. Source: kombu `transport/virtual/base.py`, Celery "Message Protocol".
- dramatiq: `dramatiq_sqs` sends base64 of `{"queue_name", "actor_name", "args", "kwargs", …}`.
- Amazon S3, Lambda: `{"Records": [{"eventSource": …}]}`. Source: S3 user guide, "Event message structure".
- EventBridge: `{"detail-type", "source", "detail", …}`. Source: EventBridge user guide, "Event structure".
- SNS: `{"Type", "TopicArn", "Message", …}`; CloudEvents: `{"specversion", …}`.
"""

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from .records import MEDIA_TYPE
from .sns_notification import is_notification

LONGEST_NAME = 80
"""Characters of a media type or key that a description shows."""

MOST_KEYS = 6
"""Keys of an object that a description shows."""


class Origin(StrEnum):
    """The systems that are recognized. The value is how logs call their messages."""

    CELERY = "Celery tasks"
    KOMBU = "kombu messages"
    DRAMATIQ = "dramatiq messages"
    S3 = "S3 notifications"
    EVENTBRIDGE = "EventBridge events"
    LAMBDA = "records of a Lambda event"
    SNS = "SNS notifications"
    CLOUDEVENTS = "CloudEvents"


def find_origin(document: object) -> Origin | None:
    """Return the system that writes JSON of this shape, or None. `document` is parsed JSON: see `unwrap`."""
    if not isinstance(document, dict) or MEDIA_TYPE in document:
        return None
    if is_notification(document):
        return Origin.SNS
    keys = document.keys()
    if {"body", "properties", "headers", "content-type"} <= keys:
        return Origin.CELERY if _names_a_celery_task(document) else Origin.KOMBU
    if {"actor_name", "queue_name", "args", "kwargs"} <= keys:
        return Origin.DRAMATIQ
    if {"detail-type", "source", "detail"} <= keys:
        return Origin.EVENTBRIDGE
    if {"specversion", "type", "source"} <= keys:
        return Origin.CLOUDEVENTS
    if document.get("Service") == "Amazon S3" and document.get("Event") == "s3:TestEvent":
        return Origin.S3
    return _origin_of_records(document.get("Records"))


def unwrap(body: str) -> object:
    """Return the parsed JSON of a body, which may be in base64; None if it is not JSON."""
    text = body.strip()
    if text[:1] not in ("{", "["):
        try:
            text = b64decode(text, validate=True).decode()
        except (NotBase64, ValueError):
            text = body
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def describe(body: str, media_type: str | None = None) -> str:
    """Describe for a log line what a message looks like.

    Such as `Celery tasks` or `JSON objects with the keys 'a', 'b'`. `media_type` is the one that its
    attributes or body name, if any.
    """
    document = unwrap(body)
    found = find_origin(document)
    if found is Origin.SNS and isinstance(document, dict) and document.get("Type") == "Notification":
        message = document["Message"]
        return f"{describe(message) if isinstance(message, str) else found} (through SNS)"
    if found is not None:
        return str(found)
    if media_type:
        return f"messages of media type {_name(media_type)}"
    if isinstance(document, dict):
        if isinstance(in_body := document.get(MEDIA_TYPE), str):
            return f"messages of media type {_name(in_body)}"
        keys = ", ".join(_name(key) for key in list(document)[:MOST_KEYS])
        return f"JSON objects with the keys {keys}" if keys else "empty JSON objects"
    return "text that is not JSON" if document is None else f"JSON of type {type(document).__name__}"


def _names_a_celery_task(document: Mapping[str, Any]) -> bool:
    headers, body = document["headers"], document["body"]
    if isinstance(headers, dict) and "task" in headers:
        return True
    inner = unwrap(body) if isinstance(body, str) else None
    return isinstance(inner, dict) and {"task", "id"} <= inner.keys()


def _origin_of_records(records: object) -> Origin | None:
    first = records[0] if isinstance(records, list) and records else None
    if not isinstance(first, dict):
        return None
    source = first.get("eventSource") or first.get("EventSource")  # SNS capitalizes it
    if not isinstance(source, str) or not source.startswith("aws:"):
        return None
    return Origin.S3 if source == "aws:s3" else Origin.LAMBDA


def _name(text: object) -> str:
    return repr(text)[:LONGEST_NAME]
