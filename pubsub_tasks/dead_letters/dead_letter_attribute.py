"""Failures: why a message was dead-lettered, as the `dead_letter` attribute of its letter tells it.

Written as ASCII JSON and read without trust: anybody can send an attribute of that name. Knows no queue.
"""

import json
import re
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..wire.records import MAX_ATTRIBUTES, NO_ATTRIBUTES, Attribute, Record, text
from ..wire.resend import MAX_ATTEMPTS, finite_number

DEAD_LETTER = "dead_letter"
"""Name of the attribute. A copy made by `letter` without it had no room for it."""

MAX_TELLING = 16_384
"""Bytes in which to tell a failure, folded attributes not counted: an explanation, not an archive."""

_TEXTS = (
    *("reason", "error_type", "message", "traceback"),
    *("task", "queue", "message_id", "sqs_message_id", "version"),
)
_TIMES = ("first_received_at", "failed_at", "published_at")
_NAME = re.compile(r"(?!(?i:aws\.|amazon\.))[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_TYPE = re.compile(r"(String|Number|Binary)(\.[^\x00-\x1f\ud800-\udfff\ufffe\uffff]+)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What SQS takes as an attribute's name, type and value. Source: SQS developer guide, "Message metadata"."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was dead-lettered, as its letter tells. Times are epoch seconds, None where not told.

    Attributes:
        reason: as `verdicts.Reason` names it.
        error_type: qualified name of the error's class; empty where there was no error.
        message: what the error said.
        traceback: its last lines.
        task: name of the task, or None where the message found none.
        attempts: tries made, on earlier copies too.
        first_received_at: when the copy that failed was first received.
        failed_at: when it was given up.
        published_at: when the message was first published.
        queue: URL or name of the queue that it failed on.
        message_id: the message's id, the same on every copy.
        sqs_message_id: the id of the copy that failed.
        version: the version of pubsub_tasks.
        attributes: the message's own attributes, where ten of them left no place for the letter.
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
        """What a dead letter tells; None for a record that is none of ours, as when SQS itself moved it."""
        told = _told(record)
        if told is None:
            return None
        texts = {name: told[name] for name in _TEXTS if isinstance(told.get(name), str)}
        times: dict[str, Any] = {name: finite_number(told.get(name)) for name in _TIMES}
        attempts = told.get("attempts")
        return cls(
            **texts,
            **times,
            attempts=min(max(attempts, 0), MAX_ATTEMPTS) if type(attempts) is int else 0,
            attributes=_unfolded(told.get("attributes")),
        )

    def attribute(self, room: int) -> Attribute | None:
        """The attribute that tells it in `room` bytes, cut where it must be; None where even that is too few.

        The traceback's start is cut first, then the message's end.
        """
        least = len(_written(replace(self, message="", traceback="")))
        folded = len(_json(_folded(self.attributes))) if self.attributes else 0
        room = min(room, MAX_TELLING + folded) - least
        if room < 0:
            return None
        message = _start(self.message, room)
        tail = _end(self.traceback, room - _weight(message))
        return text(_written(replace(self, message=message, traceback=tail)))


def _told(record: Record) -> dict[str, Any] | None:
    attribute = record.attributes.get(DEAD_LETTER)
    if attribute is None:
        return None
    try:
        told = json.loads(attribute.value)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _written(failure: Failure) -> str:
    told = {name: getattr(failure, name) for name in (*_TEXTS, *_TIMES, "attempts")}
    if failure.attributes:
        told["attributes"] = _folded(failure.attributes)
    return _json(told)


def _folded(attributes: Mapping[str, Attribute]) -> dict[str, dict[str, str]]:
    return {
        name: {"type": attribute.type, "text": attribute.value}
        if isinstance(attribute.value, str)
        else {"type": attribute.type, "base64": b64encode(attribute.value).decode()}
        for name, attribute in attributes.items()
    }


def _unfolded(folded: Any) -> Mapping[str, Attribute]:
    """The attributes of a letter, as far as a queue takes them: what was forged must not block a redrive."""
    if not isinstance(folded, dict):
        return NO_ATTRIBUTES
    found = {name: _attribute(told) for name, told in list(folded.items())[:MAX_ATTRIBUTES]}
    return {
        name: each for name, each in found.items() if each and name != DEAD_LETTER and _is_legal(name, each)
    }


def _attribute(told: Any) -> Attribute | None:
    match told:
        case {"type": str(kind), "text": str(value)}:
            return Attribute(kind, value)
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


def _weight(value: str) -> int:
    return len(_json(value)) - 2


def _start(value: str, room: int) -> str:
    """As much of a text from its start as takes at most so many bytes when written."""
    value = value[:room]
    return value[: bisect_right(range(len(value)), room, key=lambda last: _weight(value[: last + 1]))]


def _end(value: str, room: int) -> str:
    return _start(value[::-1], room)[::-1]
