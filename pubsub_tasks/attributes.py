"""Attributes: plain values as message attributes, which filter policies see. Knows no schema."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .errors import ConfigurationError
from .wire import Attribute, text

Plain = str | int | float | bytes

_OURS = frozenset(
    {"media_type", "content_type", "content_encoding", "x-resent", "dead_letter", "ExtendedPayloadSize"}
)
"""Names that tell how a message is to be read, which a wrong value would make unreadable."""


def given(attributes: Mapping[str, Plain | Attribute] | None) -> Mapping[str, Attribute]:
    """Attributes as a caller writes them. Raises ConfigurationError for what none can carry, and for ours."""
    if ours := _OURS & (attributes or {}).keys():
        raise ConfigurationError(
            f"attribute {', '.join(sorted(ours))} is written by the library itself: choose another name"
        )
    return {name: _attribute(name, value) for name, value in (attributes or {}).items()}


def of_field(loaded: Any, dumped: Any) -> Attribute:
    """A field's value, loaded and as it is written, as filter policies know how to compare it.

    Numbers are Number, a list is String.Array, and whatever else is the text that the body has of it.
    """
    match loaded:
        case bool():
            return text(json.dumps(loaded))
        case int() | float() | Decimal():
            return Attribute("Number", str(loaded))
        case list() | tuple() | set() | frozenset():
            return Attribute("String.Array", json.dumps(dumped))
    return text(dumped if isinstance(dumped, str) else json.dumps(dumped))


def _attribute(name: str, value: Plain | Attribute) -> Attribute:
    match value:
        case Attribute():
            return value
        case str():
            return text(value)
        case bytes():
            return Attribute("Binary", value)
        case int() | float() if not isinstance(value, bool):  # SNS knows no truth values
            return Attribute("Number", str(value))
    raise ConfigurationError(f"attribute {name}={value!r}: give str, int, float, bytes or an Attribute")
