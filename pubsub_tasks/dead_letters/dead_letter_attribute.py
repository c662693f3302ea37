"""What a dead letter carries: its message attribute `dead_letter`, which describes the failure.

To add a field, add it to `Failure`, to `_TEXTS` or `_TIMES`, and to `build_dead_letter`. The attribute is
ASCII JSON. It is read as untrusted input, since anybody can send an attribute of that name.
"""

import json
import re
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..wire.records import MAX_ATTRIBUTES, NO_ATTRIBUTES, Attribute, Record, text
from ..wire.resend_attribute import MAX_ATTEMPTS, finite_number

DEAD_LETTER = "dead_letter"
"""Name of the attribute. `build_dead_letter` leaves it out if the message has no room for it."""

MAX_FAILURE_SIZE = 16_384
"""Bytes of the attribute, not counting the message's own attributes; the logs have the rest."""

_TEXTS = (
    *("reason", "error_type", "message", "traceback"),
    *("task", "queue", "message_id", "sqs_message_id", "version"),
)
_TIMES = ("first_received_at", "failed_at", "published_at")
_NAME = re.compile(r"(?!(?i:aws\.|amazon\.))[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_TYPE = re.compile(r"(String|Number|Binary)(\.[^\x00-\x1f\ud800-\udfff\ufffe\uffff]+)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What SQS accepts as attribute name, type and value. Source: SQS developer guide, "Message metadata"."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was dead-lettered. Times are epoch seconds, None if unknown.

    Attributes:
        reason: as `verdicts.Reason` names it.
        error_type: qualified name of the error's class; empty if there was no error.
        message: the error's message.
        traceback: the last lines of its traceback.
        task: name of the task, or None if no task handles the message.
        attempts: attempts made, including those on earlier copies.
        first_received_at: when the copy that failed was first received.
        failed_at: when it was dead-lettered.
        published_at: when the message was first published.
        queue: URL or name of the queue that it failed on.
        message_id: the message's id, the same on every copy.
        sqs_message_id: SQS's id of the copy that failed.
        version: version of pubsub_tasks.
        attributes: the message's own attributes, if there were ten and so no place for another.
    """

    reason: str = ""
    error_type: str = ""
    message: str = ""
    traceback: str = ""
    task: str | None = None
    attempts: int = 0
    first_received_at: float | None = None
    failed_at: float | None = None
    published_at: float | None = None
    queue: str = ""
    message_id: str = ""
    sqs_message_id: str = ""
    version: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    @classmethod
    def read(cls, record: Record) -> Self | None:
        """The failure that a record carries; None if it has no valid one, as when SQS moved the message."""
        values = _values(record)
        if values is None:
            return None
        texts = {name: values[name] for name in _TEXTS if isinstance(values.get(name), str)}
        times: dict[str, Any] = {name: finite_number(values.get(name)) for name in _TIMES}
        attempts = values.get("attempts")
        return cls(
            **texts,
            **times,
            attempts=min(max(attempts, 0), MAX_ATTEMPTS) if type(attempts) is int else 0,
            attributes=_attributes_from_json(values.get("attributes")),
        )

    def attribute(self, room: int) -> Attribute | None:
        """The attribute of at most `room` bytes; None if there is too little room.

        To fit, first the traceback loses its start, then the message its end.
        """
        least = len(_to_json(replace(self, message="", traceback="")))
        own = len(_json(_attributes_to_json(self.attributes))) if self.attributes else 0
        room = min(room, MAX_FAILURE_SIZE + own) - least
        if room < 0:
            return None
        message = _start(self.message, room)
        traceback = _end(self.traceback, room - _json_size(message))
        return text(_to_json(replace(self, message=message, traceback=traceback)))


def _values(record: Record) -> dict[str, Any] | None:
    attribute = record.attributes.get(DEAD_LETTER)
    if attribute is None:
        return None
    try:
        values = json.loads(attribute.value)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _to_json(failure: Failure) -> str:
    values = {name: getattr(failure, name) for name in (*_TEXTS, *_TIMES, "attempts")}
    if failure.attributes:
        values["attributes"] = _attributes_to_json(failure.attributes)
    return _json(values)


def own_attributes(record: Record) -> Mapping[str, Attribute]:
    """The message's own attributes, including those that its `dead_letter` attribute carries."""
    if DEAD_LETTER not in record.attributes:
        return record.attributes
    failure = Failure.read(record)
    own = {name: value for name, value in record.attributes.items() if name != DEAD_LETTER}
    if failure is None:
        return own
    return dict([*own.items(), *failure.attributes.items()][:MAX_ATTRIBUTES])


def attribute_to_json(attribute: Attribute) -> dict[str, str]:
    """An attribute as JSON types; binary values are base64."""
    if isinstance(attribute.value, str):
        return {"type": attribute.type, "text": attribute.value}
    return {"type": attribute.type, "base64": b64encode(attribute.value).decode()}


def _attributes_to_json(attributes: Mapping[str, Attribute]) -> dict[str, dict[str, str]]:
    return {name: attribute_to_json(attribute) for name, attribute in attributes.items()}


def _attributes_from_json(values: Any) -> Mapping[str, Attribute]:
    """The attributes that a queue accepts: forged ones must not make a redrive fail."""
    if not isinstance(values, dict):
        return NO_ATTRIBUTES
    found = {name: _attribute_from_json(value) for name, value in list(values.items())[:MAX_ATTRIBUTES]}
    return {
        name: each for name, each in found.items() if each and name != DEAD_LETTER and _is_legal(name, each)
    }


def _attribute_from_json(value: Any) -> Attribute | None:
    match value:
        case {"type": str(kind), "text": str(text_value)}:
            return Attribute(kind, text_value)
        case {"type": str(kind), "base64": str(encoded)}:
            try:
                return Attribute(kind, b64decode(encoded))
            except ValueError:
                return None
    return None


def _is_legal(name: str, attribute: Attribute) -> bool:
    kind, value = attribute.type, attribute.value
    if not (
        _NAME.fullmatch(name) and len(name) <= 256 and _TYPE.fullmatch(kind) and len(kind) <= 256 and value
    ):
        return False
    if isinstance(value, bytes) or kind.startswith("Binary"):
        return isinstance(value, bytes) and kind.startswith("Binary")
    return not _ILLEGAL.search(value) and (kind.startswith("String") or bool(_NUMBER.fullmatch(value)))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _json_size(value: str) -> int:
    return len(_json(value)) - 2


def _start(value: str, room: int) -> str:
    """The longest start of a text that takes at most `room` bytes as JSON."""
    value = value[:room]
    return value[: bisect_right(range(len(value)), room, key=lambda last: _json_size(value[: last + 1]))]


def _end(value: str, room: int) -> str:
    return _start(value[::-1], room)[::-1]
