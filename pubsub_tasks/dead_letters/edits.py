"""Edits: a letter's content as text for an editor, and back into its body. Pure; opens no editor.

What an SNS notification wraps is edited inside its wrapping. Text is laid out for reading only where that
loses nothing: a number's digits and a key that stands twice stay as they were.
"""

import json
from dataclasses import replace
from typing import Any

from ..content.schema_registry import SchemaRegistry
from ..errors import UnknownMediaType
from ..messages.envelope import decode_record
from ..wire.records import Record
from ..wire.sns_notification import is_notification


def editable(body: str) -> str:
    """What to edit of a body."""
    said = _inside(body)
    return _same(said, _laid_out(said, indent=2)) + "\n"


def edited(body: str, text: str) -> str:
    """The body with the text that came back from the editor; the very same where nothing was changed."""
    if text.rstrip() == editable(body).rstrip():
        return body
    text = text.strip()
    said = _same(text, _laid_out(text, separators=(",", ":")))
    document = _parsed(body)
    return (
        json.dumps({**document, "Message": said}, ensure_ascii=False) if is_notification(document) else said
    )


def check(record: Record, body: str, schemas: SchemaRegistry) -> None:
    """Whether a worker with these schemas could read it. Raises MessageError, UnknownMediaType."""
    delivery = decode_record(replace(record, body=body))
    if delivery.defect is not None:
        raise delivery.defect
    if delivery.media_type is None:
        raise UnknownMediaType("the message names no media type")
    schemas.find(delivery.media_type).load(delivery.fields)


def _inside(body: str) -> str:
    document = _parsed(body)
    inside = document["Message"] if is_notification(document) else body
    return inside if isinstance(inside, str) else body


def _laid_out(text: str, **layout: Any) -> str:
    document = _parsed(text)
    try:
        return text if document is None else json.dumps(document, ensure_ascii=False, **layout)
    except RecursionError:
        return text


def _same(text: str, laid_out: str) -> str:
    """The laid out text where it says exactly the same, else the text."""
    return laid_out if _exactly(text) == _exactly(laid_out) else text


def _exactly(text: str) -> Any:
    """What JSON says, with each number as its digits and each object as its pairs; the text if it is none."""
    try:
        return json.loads(
            text,
            object_pairs_hook=lambda pairs: ("object", pairs),
            parse_float=lambda digits: ("number", digits),
            parse_int=lambda digits: ("number", digits),
            parse_constant=lambda name: ("number", name),
        )
    except (ValueError, RecursionError):
        return text


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
