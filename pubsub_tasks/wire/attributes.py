"""Attributes: plain values as message attributes, which filter policies see. Knows no schema."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from ..errors import ConfigurationError
from .records import Attribute, text

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no attribute may hold. Source: SQS API reference, MessageAttributeValue, StringValue."""

_DIGITS = 38
"""Digits of a Number. Source: SQS developer guide, "Message attributes"."""

Plain = str | int | float | bytes

RESERVED = frozenset(
    {"media_type", "content_type", "content_encoding", "x-resent", "dead_letter", "ExtendedPayloadSize"}
)
"""Names that tell how a message is to be read, which a wrong value would make unreadable."""


def checked_attributes(attributes: Mapping[str, Plain | Attribute] | None) -> Mapping[str, Attribute]:
    """Attributes as a caller writes them. Raises ConfigurationError for what none can carry, and for ours."""
    if ours := RESERVED & (attributes or {}).keys():
        raise ConfigurationError(
            f"attribute {', '.join(sorted(ours))} is written by the library itself: choose another name"
        )
    return {name: _attribute(name, value) for name, value in (attributes or {}).items()}


def field_attribute(loaded: Any, dumped: Any) -> Attribute | None:
    """A field's value, loaded and as it is written, as filter policies know how to compare it.

    Numbers are Number, a list is String.Array, and whatever else is the text that the body has of it. None
    for what no attribute can carry: empty text, control characters, lone surrogates, numbers that are not
    finite or too long, and lists of anything but text, numbers and truth values.
    """
    match loaded:
        case Enum():
            pass
        case bool():
            return text(json.dumps(loaded))
        case int() | float() | Decimal():
            return _number(str(loaded))
        case list() | tuple() | set() | frozenset():
            return _array(dumped)
    try:
        value = dumped if isinstance(dumped, str) else json.dumps(dumped, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return text(value) if is_sendable(value) else None


def is_sendable(value: str) -> bool:
    """Whether SNS and SQS take this text as an attribute's value."""
    return bool(value) and not _ILLEGAL.search(value)


def _number(value: str) -> Attribute | None:
    mantissa = value.upper().partition("E")[0]
    finite = mantissa.replace("-", "").replace(".", "").isdigit()
    return Attribute("Number", value) if finite and sum(map(str.isdigit, mantissa)) <= _DIGITS else None


def _array(dumped: Any) -> Attribute | None:
    items = dumped if isinstance(dumped, (list, tuple)) else [dumped]
    plain = all(item is None or isinstance(item, (str, bool, int, float)) for item in items)
    if not plain or any(isinstance(item, str) and _ILLEGAL.search(item) for item in items):
        return None
    try:
        return Attribute("String.Array", json.dumps(list(items), allow_nan=False))
    except ValueError:
        return None


def _attribute(name: str, value: Plain | Attribute) -> Attribute:
    match value:
        case Attribute():
            return value
        case str():
            if not is_sendable(value):
                raise ConfigurationError(
                    f"attribute {name}={value!r}: SNS and SQS take no empty text and no control characters"
                )
            return text(value)
        case bytes():
            return Attribute("Binary", value)
        case int() | float() if not isinstance(value, bool):  # SNS knows no truth values
            return Attribute("Number", str(value))
    raise ConfigurationError(f"attribute {name}={value!r}: give str, int, float, bytes or an Attribute")
