"""Received: wire values from what SQS, SNS and Lambda hand out, whatever the types of its members.

A member of the wrong type counts as not there, so that one odd message fails neither its receive nor its
neighbours. Knows no client and no envelope.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from .records import Attribute, Record

MAX_RECEIVES = 100_000
"""More receives than this count as this many: no queue keeps a message that long."""


def make_record(
    body: Any, receipt_handle: str, message_id: str, system: Any, attributes: Mapping[str, Attribute]
) -> Record:
    """A record; `system` is the map of system attributes, such as `ApproximateReceiveCount`.

    A body that is not text is kept as its JSON.
    """
    told = system if isinstance(system, dict) else {}
    return Record(
        body if isinstance(body, str) else _written(body),
        receipt_handle,
        message_id,
        _receives(told.get("ApproximateReceiveCount", 1)),
        _seconds(told.get("SentTimestamp", 0)),
        _seconds(told.get("ApproximateFirstReceiveTimestamp", 0)),
        attributes,
        _text(told, "MessageGroupId"),
        _text(told, "MessageDeduplicationId"),
        _text(told, "SequenceNumber"),
        _text(told, "AWSTraceHeader"),
        _text(told, "DeadLetterQueueSourceArn"),
    )


def make_attribute(kind: Any, value: Any) -> Attribute | None:
    """A message attribute; None without a type or a value, since it can be neither read nor sent again."""
    if isinstance(kind, str) and isinstance(value, str | bytes) and kind and value:
        return Attribute(kind, value)
    return None


def make_attribute_from_base64(kind: Any, value: Any) -> Attribute | None:
    """The same where a binary value came as base64; None where it is not base64."""
    if isinstance(kind, str) and kind.startswith("Binary") and isinstance(value, str):
        try:
            value = b64decode(value)
        except ValueError:
            return None
    return make_attribute(kind, value)


def _written(body: Any) -> str:
    return "" if body is None else json.dumps(body, default=str)


def _text(told: dict[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if value is None or isinstance(value, str) else None


def _receives(value: Any) -> int:
    try:
        receives = int(value)
    except (TypeError, ValueError, OverflowError):
        return 1
    return receives if 0 < receives < MAX_RECEIVES else MAX_RECEIVES if receives > 0 else 1


def _seconds(milliseconds: Any) -> float:
    try:
        return int(milliseconds) / 1000  # of an int, it is finite or an OverflowError
    except (TypeError, ValueError, OverflowError):
        return 0.0
