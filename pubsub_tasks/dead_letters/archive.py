"""Archive: letters as lines of JSON and back, byte for byte. Pure; opens no file.

Lines are ASCII, so that no tool on their way can change a character. Bytes are base64.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..errors import DecodeError
from ..wire.records import Attribute, Record

_TEXTS = ("group_id", "deduplication_id", "sequence_number", "trace_header", "source_arn")
_NUMBERS = ("receive_count", "sent_at", "first_received_at")
_KNOWN = {field.name for field in fields(Record)} - {"receipt_handle"}


def line(record: Record) -> str:
    """A record as one line, without its end; nor its receipt handle, which is of no use to anybody else."""
    return json.dumps(written(record), separators=(",", ":"))


def written(record: Record) -> dict[str, Any]:
    """What the line says."""
    said = {name: getattr(record, name) for name in (*_NUMBERS, *_TEXTS)}
    return {
        "message_id": record.message_id,
        "body": record.body,
        "attributes": {name: _written(attribute) for name, attribute in record.attributes.items()},
        **{name: value for name, value in said.items() if value is not None},
    }


def read(text: str) -> Record:
    """The record that a line tells. Raises DecodeError."""
    said = _object(text)
    unknown = said.keys() - _KNOWN
    if unknown:
        raise DecodeError(f"there is no {', '.join(sorted(map(repr, unknown)))} in a letter")
    if not isinstance(said.get("body"), str) or not said["body"]:
        raise DecodeError("'body' is missing, empty or no text")
    return Record(
        body=said["body"],
        receipt_handle="",
        message_id=_of(said, "message_id", str) or "",
        attributes={name: _attribute(name, told) for name, told in _mapping(said).items()},
        **{name: _of(said, name, str) for name in _TEXTS},
        **{name: _of(said, name, int, float) for name in _NUMBERS if said.get(name) is not None},
    )


def _written(attribute: Attribute) -> dict[str, str]:
    if isinstance(attribute.value, str):
        return {"type": attribute.type, "text": attribute.value}
    return {"type": attribute.type, "base64": b64encode(attribute.value).decode()}


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"this is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise DecodeError(f"a letter is a JSON object, not {type(said).__name__}")
    return said


def _mapping(said: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = said.get("attributes", {})
    if not isinstance(attributes, dict):
        raise DecodeError("'attributes' is no JSON object")
    return attributes


def _of(said: Mapping[str, Any], name: str, *kinds: type) -> Any:
    value = said.get(name)
    if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
        raise DecodeError(f"{name!r} is {value!r:.80}, and takes {kinds[0].__name__}")
    return value


def _attribute(name: str, told: Any) -> Attribute:
    match told:
        case {"type": str(kind), "text": str(text), **rest} if not rest:
            return Attribute(kind, text)
        case {"type": str(kind), "base64": str(encoded), **rest} if not rest:
            try:
                return Attribute(kind, b64decode(encoded, validate=True))
            except (NoBase64, ValueError) as error:
                raise DecodeError(f"attribute {name!r} is no base64: {error}") from error
    raise DecodeError(f"attribute {name!r} takes 'type' and either 'text' or 'base64'")
