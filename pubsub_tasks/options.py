"""Options: how one message is to be published, beside what it says. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self, TypedDict, Unpack

from .errors import ConfigurationError
from .wire import Attribute

Plain = str | int | float | bytes


class Given(TypedDict, total=False):
    """Options as a caller writes them: plain values for attributes, a timedelta for seconds."""

    headers: Mapping[str, str] | None
    attributes: Mapping[str, Plain | Attribute] | None
    group_id: str | None
    deduplication_id: str | None
    expires: float | timedelta | None


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
    def of(cls, **given: Unpack[Given]) -> Self:
        """Read what a caller wrote. Raises ConfigurationError for a name or a value that is no option."""
        if unknown := given.keys() - Given.__annotations__.keys():
            raise ConfigurationError(
                f"no such option: {', '.join(sorted(unknown))}; there are {', '.join(Given.__annotations__)}"
            )
        attributes = given.get("attributes") or {}
        return cls(
            given.get("headers") or {},
            {name: _attribute(name, value) for name, value in attributes.items()},
            given.get("group_id"),
            given.get("deduplication_id"),
            _seconds(given.get("expires")),
        )


DEFAULT = Options()


def _seconds(expires: float | timedelta | None) -> float | None:
    seconds = expires.total_seconds() if isinstance(expires, timedelta) else expires
    if seconds is not None and seconds <= 0:
        raise ConfigurationError(f"expires={expires!r} has passed already: give seconds from now")
    return seconds


def _attribute(name: str, value: Plain | Attribute) -> Attribute:
    match value:
        case Attribute():
            return value
        case str():
            return Attribute("String", value)
        case bytes():
            return Attribute("Binary", value)
        case int() | float() if not isinstance(value, bool):  # SNS knows no truth values
            return Attribute("Number", str(value))
    raise ConfigurationError(f"attribute {name}={value!r}: give str, int, float, bytes or an Attribute")
