"""A letter's content as text for an editor, and the edited text back in its body. No I/O.

Of an SNS notification, the wrapped message is edited. JSON is indented only if that loses nothing: digits of
numbers and duplicate keys stay as they are.
"""

import json
from dataclasses import replace
from typing import Any

from ..content.schema_registry import SchemaRegistry
from ..errors import UnknownMediaType
from ..messages.envelope import decode_record
from ..wire.records import Record
from ..wire.sns_notification import is_notification


def editable_text(body: str) -> str:
    """The part of a body to edit, indented if possible."""
    content = _content(body)
    return _if_equal(content, _formatted(content, indent=2)) + "\n"


def apply_edit(body: str, text: str) -> str:
    """The body with the edited text; exactly the same body if nothing was changed."""
    if text.rstrip() == editable_text(body).rstrip():
        return body
    text = text.strip()
    content = _if_equal(text, _formatted(text, separators=(",", ":")))
    document = _parsed(body)
    return (
        json.dumps({**document, "Message": content}, ensure_ascii=False)
        if is_notification(document)
        else content
    )


def check(record: Record, body: str, schemas: SchemaRegistry) -> None:
    """Raise MessageError or UnknownMediaType if a worker with these schemas cannot load the body."""
    delivery = decode_record(replace(record, body=body))
    if delivery.defect is not None:
        raise delivery.defect
    if delivery.media_type is None:
        raise UnknownMediaType("the message has no media type")
    schemas.find(delivery.media_type).load(delivery.fields)


def _content(body: str) -> str:
    document = _parsed(body)
    content = document["Message"] if is_notification(document) else body
    return content if isinstance(content, str) else body


def _formatted(text: str, **layout: Any) -> str:
    document = _parsed(text)
    try:
        return text if document is None else json.dumps(document, ensure_ascii=False, **layout)
    except RecursionError:
        return text


def _if_equal(text: str, formatted: str) -> str:
    """The formatted text if it is exactly the same JSON, otherwise the text."""
    return formatted if _exact_value(text) == _exact_value(formatted) else text


def _exact_value(text: str) -> Any:
    """The JSON value with numbers as their digits and objects as pairs; the text itself if not JSON."""
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
