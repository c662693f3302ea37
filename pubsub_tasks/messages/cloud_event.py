"""CloudEvents as messages carry them: one in a batch, in binary mode, with data in base64.

Source: CloudEvents 1.0.2, "JSON event format", "JSON batch format" and the `ce-` prefix of its HTTP binding.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from ..errors import DecodeError, EnvelopeError
from ..wire.records import Attribute
from ..wire.serialization import parse_json

BINARY_PREFIX = "ce-"
"""Prefix of the attributes of an event in binary mode."""


def only_event(document: Any) -> dict[str, Any]:
    """Return the event of a batch of one. Raises DecodeError for anything else."""
    events = [each for each in document if _is_event(each)] if isinstance(document, list) else []
    if not events or len(events) < len(document):
        raise DecodeError(f"the body must be an object and is of type {type(document).__name__}")
    if len(events) > 1:
        raise DecodeError("the body is a batch of several CloudEvents: bind CloudEvent to handle them")
    event: dict[str, Any] = events[0]
    return event


def binary_event(data: Any, attributes: Mapping[str, Attribute]) -> dict[str, Any] | None:
    """Return the event whose context is in the attributes, or None if they have none."""
    if f"{BINARY_PREFIX}specversion" not in attributes:
        return None
    context = {
        name.removeprefix(BINARY_PREFIX): attribute.value
        for name, attribute in attributes.items()
        if name.startswith(BINARY_PREFIX)
    }
    return {**context, "data": data}


def object_in(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an event. Raises DecodeError, and EnvelopeError if it is not a JSON object."""
    data = event.get("data")
    if "data_base64" in event:
        data = parse_json(data_in_base64(event))
    elif isinstance(data, str):  # as AWS.Messaging for .NET writes it
        data = parse_json(data)
    if not isinstance(data, dict):
        raise EnvelopeError("the data of the CloudEvent is not a JSON object")
    return data


def data_in_base64(event: Mapping[str, Any]) -> bytes:
    """Return the bytes in `data_base64`. Raises DecodeError."""
    try:
        return b64decode(event["data_base64"], validate=True)
    except (TypeError, ValueError) as error:
        raise DecodeError(f"the data_base64 of a CloudEvent is not valid base64: {error}") from error


def _is_event(document: object) -> bool:
    return isinstance(document, dict) and "specversion" in document
