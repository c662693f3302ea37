"""CloudEvents as messages carry them: structured or in binary mode, one in a batch, with data in base64.

Source: CloudEvents 1.0.2, "JSON event format", "JSON batch format" and the `ce-` prefix of its HTTP binding.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema

from ..content.codec import EncodedContent
from ..errors import DecodeError, EnvelopeError
from ..wire.records import MEDIA_TYPE, OPAQUE_DATA, Attribute, text
from ..wire.serialization import JSON, Serializer, parse_json
from .message import EXPIRES, HOPS, MESSAGE_ID, NOT_BEFORE, PUBLISHED, REQUEST_ID, REQUEST_USER

BINARY_PREFIX = "ce-"
"""Prefix of the attributes of an event in binary mode."""

_CONTEXT = frozenset({"specversion", "id", "type", "time", "datacontenttype", "data", "data_base64"})
"""Members of an event that are no headers."""

_HEADERS = {name.replace("-", ""): name for name in (REQUEST_ID, REQUEST_USER, HOPS, NOT_BEFORE, EXPIRES)}
"""Headers of ours by the names of their extension attributes, which have letters and digits only."""

_OWN = frozenset({MESSAGE_ID, PUBLISHED})
"""Headers that are the id and the time of an event."""

_NOT_IN_NAMES = re.compile("[^a-z0-9]")


def encode_event(
    schema: Schema, media_type: str, headers: Mapping[str, str], written: EncodedContent
) -> EncodedContent:
    """Return a message as a CloudEvent in the mode of its schema, `structured` or `binary`.

    Its id, type and time are the message's id, media type and publish time; other headers are extension
    attributes, as far as they have a name and a value that an attribute may have.
    """
    document = parse_json(written.body)
    data = {name: value for name, value in document.items() if name not in (MEDIA_TYPE, OPAQUE_DATA)}
    context = {
        "specversion": "1.0",
        "id": headers[MESSAGE_ID],
        "source": getattr(schema, "CLOUD_EVENT_SOURCE", ""),
        "type": media_type,
        "time": datetime.fromtimestamp(float(headers[PUBLISHED]), UTC).isoformat(),
        "datacontenttype": JSON,
    }
    context = {**_extensions(headers), **context}
    if getattr(schema, "CLOUD_EVENT", None) == "structured":
        return written._replace(body=_write({**context, "data": data}))
    binary = {f"{BINARY_PREFIX}{name}": text(value) for name, value in context.items()}
    return written._replace(body=_write(data), attributes={**written.attributes, **binary})


def _extensions(headers: Mapping[str, str]) -> dict[str, str]:
    named = {
        _NOT_IN_NAMES.sub("", name.lower()): value for name, value in headers.items() if name not in _OWN
    }
    return {name: value for name, value in named.items() if name and value}


def extensions_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other context attributes of an event, under the names of headers."""
    return {_HEADERS.get(name, name): event[name] for name in event.keys() - _CONTEXT}


def _write(document: Mapping[str, Any]) -> str:
    return Serializer().write(document)[0]


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
        if name.startswith(BINARY_PREFIX) and isinstance(attribute.value, str)
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
