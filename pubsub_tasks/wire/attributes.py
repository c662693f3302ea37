"""Convert plain Python values to message attributes, which SNS filter policies match on."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from ..errors import ConfigurationError
from .records import MAX_ATTRIBUTES, TRACE_CONTEXT, Attribute, text

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that SQS rejects. Source: SQS API reference, MessageAttributeValue, StringValue."""

_MAX_DIGITS = 38
"""Digits of a Number. Source: SQS developer guide, "Message attributes"."""

Plain = str | int | float | bytes

RESERVED = frozenset(
    {"media_type", "content_type", "content_encoding", "x-resent", "dead_letter", "ExtendedPayloadSize"}
)
"""Attributes that the library writes itself to say how a message is read: a wrong value would make it
unreadable."""


def checked_attributes(attributes: Mapping[str, Plain | Attribute] | None) -> Mapping[str, Attribute]:
    """Convert a caller's attributes (str, int, float, bytes or Attribute by name).

    Raises ConfigurationError for a reserved name and for a value that no attribute can carry.
    """
    if reserved := RESERVED & (attributes or {}).keys():
        raise ConfigurationError(
            f"attribute {', '.join(sorted(reserved))} is written by the library itself: choose another name"
        )
    return {name: _attribute(name, value) for name, value in (attributes or {}).items()}


def field_attribute(loaded: Any, dumped: Any) -> Attribute | None:
    """Convert a field's value, given as loaded and as dumped, to an attribute that filter policies can match.

    Numbers become Number and lists String.Array; any other value becomes String, with the text that the body
    has for it. Returns None for what no attribute can carry: empty text, control characters, lone surrogates,
    numbers that are not finite or have more than 38 digits, and lists that contain anything but strings,
    numbers, booleans and nulls.
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


def with_room_for_trace(attributes: Mapping[str, Attribute]) -> Mapping[str, Attribute]:
    """Return the attributes without their trace context if they would be ten or more with it.

    The tenth is left for the attribute that counts earlier attempts when a message is sent again.
    """
    if len(attributes) < MAX_ATTRIBUTES:
        return attributes
    return {name: value for name, value in attributes.items() if name not in TRACE_CONTEXT}


def is_sendable(value: str) -> bool:
    """Whether SNS and SQS accept this text as an attribute's value."""
    return bool(value) and not _ILLEGAL.search(value)


def _number(value: str) -> Attribute | None:
    mantissa = value.upper().partition("E")[0]
    finite = mantissa.replace("-", "").replace(".", "").isdigit()
    return Attribute("Number", value) if finite and sum(map(str.isdigit, mantissa)) <= _MAX_DIGITS else None


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
                    f"attribute {name}={value!r}: SNS and SQS accept no empty text and no control characters"
                )
            return text(value)
        case bytes():
            return Attribute("Binary", value)
        case int() | float() if not isinstance(value, bool):  # SNS has no boolean type
            return Attribute("Number", str(value))
    raise ConfigurationError(f"attribute {name}={value!r}: give str, int, float, bytes or an Attribute")
