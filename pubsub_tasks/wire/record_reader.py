"""Build records and attributes from responses of SQS, SNS and Lambda, whatever the types of their members.

A member of the wrong type counts as missing, so that one odd message fails neither the receive call nor the
other messages in it.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from .records import Attribute, Record

MAX_RECEIVES = 100_000
"""Upper bound of a receive count: within the longest retention no message is received more often."""


_TEXTS = (
    "MessageGroupId",
    "MessageDeduplicationId",
    "SequenceNumber",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
)
"""System attributes that are text, in the order of the fields of `Record` for them."""


def make_record(
    body: Any, receipt_handle: str, message_id: str, system: Any, attributes: Mapping[str, Attribute]
) -> Record:
    """Build a record; `system` has the system attributes by name, such as `ApproximateReceiveCount`.

    A body that is not text is kept as its JSON.
    """
    system = system if isinstance(system, dict) else {}
    return Record(
        body if isinstance(body, str) else _to_json(body),
        receipt_handle,
        message_id,
        _receive_count(system.get("ApproximateReceiveCount", 1)),
        _seconds(system.get("SentTimestamp", 0)),
        _seconds(system.get("ApproximateFirstReceiveTimestamp", 0)),
        attributes,
        *[value if isinstance(value := system.get(name), str) else None for name in _TEXTS],
    )


def make_attribute(kind: Any, value: Any) -> Attribute | None:
    """Build a message attribute; None without a type or a value: it could be neither read nor sent again."""
    if isinstance(kind, str) and isinstance(value, str | bytes) and kind and value:
        return Attribute(kind, value)
    return None


def make_attribute_from_base64(kind: Any, value: Any) -> Attribute | None:
    """Build a message attribute whose binary value is in base64; None also if it is not valid base64."""
    if isinstance(kind, str) and kind.startswith("Binary") and isinstance(value, str):
        try:
            value = b64decode(value)
        except ValueError:
            return None
    return make_attribute(kind, value)


def _to_json(body: Any) -> str:
    return "" if body is None else json.dumps(body, default=str)


def _receive_count(value: Any) -> int:
    try:
        count = int(value)
    except (TypeError, ValueError, OverflowError):
        return 1
    return min(max(count, 1), MAX_RECEIVES)


def _seconds(milliseconds: Any) -> float:
    try:
        return int(milliseconds) / 1000  # int() first: the quotient is finite, or raises OverflowError
    except (TypeError, ValueError, OverflowError):
        return 0.0
