"""Reads the records of a Lambda event as records of a queue."""

import json
from collections.abc import Mapping
from typing import Any

from ..errors import EnvelopeError
from ..wire.record_reader import make_attribute_from_base64, make_record
from ..wire.records import (
    NO_ATTRIBUTES,
    Attribute,
    Record,
)


def record_from_lambda(record: Mapping[str, Any]) -> Record:
    """Return a record of a Lambda event, whose keys are in camel case. Raises EnvelopeError if not from SQS.

    Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS".
    """
    body, message_id = record.get("body"), record.get("messageId")
    if not isinstance(body, str) or not isinstance(message_id, str):
        raise EnvelopeError(
            f"a record with the keys {sorted(record)} is not from SQS: subscribe the function to a queue"
        )
    handle, shapes = record.get("receiptHandle"), record.get("messageAttributes")
    shapes = shapes if isinstance(shapes, dict) else {}
    attributes = {name: _attribute_from_lambda(shape) for name, shape in shapes.items()}
    return make_record(
        body,
        handle if isinstance(handle, str) else "",
        message_id,
        record.get("attributes"),
        {name: attribute for name, attribute in attributes.items() if attribute is not None},
    )


def record_from_sns(record: Mapping[str, Any]) -> Record:
    """Return a record of a Lambda event from SNS. Its body is the notification, as in a queue without raw
    delivery.

    It has no receipt handle and no receive count. Raises EnvelopeError if it is not from SNS.

    Source: AWS Lambda developer guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    notification = record.get("Sns")
    message_id = notification.get("MessageId") if isinstance(notification, dict) else None
    if not isinstance(message_id, str):
        raise EnvelopeError(f"a record with the keys {sorted(record)} is not from SNS")
    return make_record(json.dumps(notification), "", message_id, None, NO_ATTRIBUTES)


def _attribute_from_lambda(shape: Any) -> Attribute | None:
    if not isinstance(shape, dict):
        return None
    return make_attribute_from_base64(
        shape.get("dataType"), shape.get("stringValue") or shape.get("binaryValue")
    )
