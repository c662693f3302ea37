"""Options of a publish: headers, attributes, message group, deduplication, expiry and delay."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple, Self, TypedDict, Unpack

from ..errors import ConfigurationError, InvalidContent
from ..wire import attributes
from ..wire.attributes import Plain
from ..wire.records import Attribute

_LEGAL_ID = re.compile(r"[!-~]{1,128}")
"""Source: SQS API reference, SendMessage, MessageGroupId and MessageDeduplicationId."""


class By(NamedTuple):
    """An id made from a message's content: the value of one field, or of several together."""

    fields: tuple[str, ...]

    def of(self, media_type: str, content: Mapping[str, Any]) -> str:
        """Return the id for loaded content, hashed if SQS would not accept it as it is.

        Raises InvalidContent if one of the fields has no value.
        """
        missing = [name for name in self.fields if content.get(name) is None]
        if missing:
            raise InvalidContent(
                media_type, {name: ["Needed for the message's group or id."] for name in missing}
            )
        values = [str(content[name]) for name in self.fields]
        # In JSON, ("a", "b,c") and ("a,b", "c") are different ids.
        joined = values[0] if len(values) == 1 else json.dumps(values, separators=(",", ":"))
        return joined if _LEGAL_ID.fullmatch(joined) else sha256(joined.encode()).hexdigest()


Id = str | By
"""A message group or deduplication id: fixed, or made from each message's content."""


def by(*fields: str) -> By:
    """Make the group or deduplication id from these fields of each message: `group=by("customer_id")`.

    Raises ConfigurationError without a field name.
    """
    if not fields or not all(isinstance(name, str) for name in fields):
        raise ConfigurationError(f'by{fields!r}: give names of fields, as in by("customer_id")')
    return By(fields)


class OptionArguments(TypedDict, total=False):
    """Options as callers pass them. Attributes may be plain values, and seconds a timedelta."""

    headers: Mapping[str, str] | None
    attributes: Mapping[str, Plain | Attribute] | None
    group_id: Id | None
    deduplication_id: Id | None
    expires: float | timedelta | None
    delay: float | timedelta | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """Validated options of a publish.

    Attributes:
        headers: additional headers (str to str).
        attributes: message attributes for filter policies; `media_type` is always set.
        group_id: message group: ordered delivery on FIFO topics, fair queueing on standard ones.
        deduplication_id: FIFO topics drop another message with the same id within five minutes.
        expires: seconds after which a message goes to the dead-letter queue unhandled; None for never.
        delay: seconds before it may be handled, or None.
        at: the earliest time that it may be handled (epoch seconds), or None.
        queue: logical name of the queue that a delayed message is sent to; None for the topic.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    group_id: Id | None = None
    deduplication_id: Id | None = None
    expires: float | None = None
    delay: float | None = None
    at: float | None = None
    queue: str | None = None

    @classmethod
    def of(cls, **given: Unpack[OptionArguments]) -> Self:
        """Validate a caller's options. Raises ConfigurationError for an invalid name or value."""
        return cls().having(**given)

    def having(self, **given: Unpack[OptionArguments]) -> Self:
        """Return these options with some replaced. Raises ConfigurationError for an invalid name or value."""
        if unknown := given.keys() - OptionArguments.__annotations__.keys():
            raise ConfigurationError(
                f"no such option: {', '.join(sorted(unknown))}; "
                f"there are {', '.join(OptionArguments.__annotations__)}"
            )
        changed = replace(self, **{name: _CONVERTERS[name](value) for name, value in given.items()})
        if changed.delay is not None and changed.at is not None:
            raise ConfigurationError("delay= and at= say the same in two ways: give one of them")
        if changed.delay is not None and changed.expires is not None and changed.expires <= changed.delay:
            raise ConfigurationError(
                f"expires={changed.expires:g} comes before delay={changed.delay:g}: both are seconds from now"
            )
        return changed

    def due(self, now: float) -> float | None:
        """Return the earliest time that a message published `now` may be handled (epoch seconds), or None."""
        return self.at if self.delay is None else now + self.delay


def _headers(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    wrong = [name for name, value in (headers or {}).items() if not isinstance(value, str)]
    if wrong:
        raise ConfigurationError(
            f"headers are text, and {', '.join(map(repr, wrong))} is not: write it as text"
        )
    return headers or {}


def _id(given: Id | None) -> Id | None:
    if isinstance(given, str) and not _LEGAL_ID.fullmatch(given):
        raise ConfigurationError(
            f"{given!r:.150} is no message group or deduplication id: SQS accepts 1 to 128 ASCII letters, "
            "digits and punctuation"
        )
    if given is None or isinstance(given, Id):
        return given
    raise ConfigurationError(f"{given!r} is no message group or deduplication id: give text, or by(field)")


def _expires(expires: float | timedelta | None) -> float | None:
    seconds = expires.total_seconds() if isinstance(expires, timedelta) else expires
    if seconds is not None and not (_is_number(seconds) and seconds > 0):
        raise ConfigurationError(f"expires={expires!r}: give seconds from now, or a timedelta")
    return seconds


def _delay(delay: float | timedelta | None) -> float | None:
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    if seconds is not None and not (_is_number(seconds) and 0 <= seconds < float("inf")):
        raise ConfigurationError(f"delay={delay!r}: give seconds from now, or a timedelta")
    return seconds


def _is_number(seconds: object) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool)


def _at(at: datetime | None) -> float | None:
    if at is not None and (not isinstance(at, datetime) or at.utcoffset() is None):
        raise ConfigurationError(f"at={at!r}: give a datetime with its time zone, such as datetime.now(UTC)")
    return None if at is None else at.timestamp()


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "headers": _headers,
    "attributes": attributes.checked_attributes,
    "group_id": _id,
    "deduplication_id": _id,
    "expires": _expires,
    "delay": _delay,
    "at": _at,
}

DEFAULT = PublishOptions()
