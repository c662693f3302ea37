"""Letters as lines of JSON and back, byte for byte. No I/O.

Lines are ASCII, so that no tool in between can change a character. Binary values are base64.
"""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..errors import DecodeError
from ..wire.records import Attribute, Record
from .dead_letter_attribute import attribute_to_json

_TEXTS = ("group_id", "deduplication_id", "sequence_number", "trace_header", "source_arn")
_NUMBERS = ("receive_count", "sent_at", "first_received_at")
_FIELDS = {field.name for field in fields(Record)} - {"receipt_handle"}


def to_line(record: Record) -> str:
    """A record as one line of JSON without a line end, and without its receipt handle, which expires."""
    return json.dumps(to_dict(record), separators=(",", ":"))


def to_dict(record: Record) -> dict[str, Any]:
    """A record as JSON types; what is None is left out."""
    values = {name: getattr(record, name) for name in (*_NUMBERS, *_TEXTS)}
    return {
        "message_id": record.message_id,
        "body": record.body,
        "attributes": {name: attribute_to_json(attribute) for name, attribute in record.attributes.items()},
        **{name: value for name, value in values.items() if value is not None},
    }


def from_line(text: str) -> Record:
    """The record that a line describes. Raises DecodeError if the line is not valid."""
    values = _object(text)
    unknown = values.keys() - _FIELDS
    if unknown:
        raise DecodeError(f"a letter has no field {', '.join(sorted(map(repr, unknown)))}")
    if not isinstance(values.get("body"), str) or not values["body"]:
        raise DecodeError("'body' is missing, empty or not a string")
    return Record(
        body=values["body"],
        receipt_handle="",
        message_id=_typed(values, "message_id", str) or "",
        attributes={name: _attribute(name, value) for name, value in _attributes(values).items()},
        **{name: _typed(values, name, str) for name in _TEXTS},
        **{name: _typed(values, name, int, float) for name in _NUMBERS if values.get(name) is not None},
    )


def _object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"this is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise DecodeError(f"a letter is a JSON object, not {type(values).__name__}")
    return values


def _attributes(values: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = values.get("attributes", {})
    if not isinstance(attributes, dict):
        raise DecodeError("'attributes' is not a JSON object")
    return attributes


def _typed(values: Mapping[str, Any], name: str, *kinds: type) -> Any:
    value = values.get(name)
    if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
        raise DecodeError(f"{name!r} is {value!r:.80}, which is not {kinds[0].__name__}")
    return value


def _attribute(name: str, value: Any) -> Attribute:
    match value:
        case {"type": str(kind), "text": str(text), **rest} if not rest:
            return Attribute(kind, text)
        case {"type": str(kind), "base64": str(encoded), **rest} if not rest:
            try:
                return Attribute(kind, b64decode(encoded, validate=True))
            except (Base64Error, ValueError) as error:
                raise DecodeError(f"attribute {name!r} is not valid base64: {error}") from error
    raise DecodeError(f"attribute {name!r} takes 'type' and either 'text' or 'base64'")
