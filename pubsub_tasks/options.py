"""Options: how one message is to be published, beside what it says. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from .errors import ConfigurationError
from .wire import Attribute


@dataclass(frozen=True, slots=True)
class Options:
    """How to publish.

    Attributes:
        headers: more headers (str to str).
        attributes: message attributes for filter policies; `media_type` is set already.
        group_id: message group: order within it on FIFO topics, fairness on standard ones.
        deduplication_id: FIFO topics drop a second message with the same within five minutes.
        expires: seconds after which a message not yet handled is dead-lettered instead; None for never.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    group_id: str | None = None
    deduplication_id: str | None = None
    expires: float | None = None

    @classmethod
    def of(
        cls,
        *,
        headers: Mapping[str, str] | None = None,
        attributes: Mapping[str, str | int | float | bytes | Attribute] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        expires: float | timedelta | None = None,
    ) -> Self:
        """The same from what a caller writes: plain values for attributes, a timedelta for seconds."""
        seconds = expires.total_seconds() if isinstance(expires, timedelta) else expires
        if seconds is not None and seconds <= 0:
            raise ConfigurationError(f"expires={expires!r} has passed already: give seconds from now")
        made = {name: _attribute(name, value) for name, value in (attributes or {}).items()}
        return cls(headers or {}, made, group_id, deduplication_id, seconds)


DEFAULT = Options()


def _attribute(name: str, value: str | int | float | bytes | Attribute) -> Attribute:
    match value:
        case Attribute():
            return value
        case str():
            return Attribute("String", value)
        case bytes():
            return Attribute("Binary", value)
        case int() | float():
            return Attribute("Number", str(value))
    raise ConfigurationError(f"attribute {name}={value!r}: give str, int, float, bytes or an Attribute")
