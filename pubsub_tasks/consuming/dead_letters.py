"""Dead letters: the copy that goes to the dead-letter queue, what it tells of the failure, and the way back.

The body stays byte for byte; the failure is told in one attribute, `dead_letter`, as ASCII JSON. Makes copies
and reads them: decides nothing and sends nothing.
"""

import json
import traceback
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..delivery import Delivery
from ..envelope import open_record
from ..resent import RESENT, Resent, seconds
from ..verdicts import DeadLetter
from ..wire import MAX_ATTRIBUTES, NO_ATTRIBUTES, Attribute, Outgoing, Record, text

DEAD_LETTER = "dead_letter"
"""Name of the attribute. A copy made by `letter` without it had no room for it."""

MAX_TELLING = 16_384
"""Bytes in which to tell a failure, folded attributes not counted: an explanation, not an archive."""

_TEXTS = (
    *("reason", "error_type", "message", "traceback"),
    *("task", "queue", "message_id", "sqs_message_id", "version"),
)
_TIMES = ("first_received_at", "failed_at", "published_at")
_LONGEST_ID = 256
_FRAMES = -50
"""Of each exception, the innermost frames; formatting thousands would delay the letter for nothing."""


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
        times: dict[str, Any] = {name: seconds(told.get(name)) for name in _TIMES}
        attempts = told.get("attempts")
        return cls(
            **texts,
            **times,
            attempts=attempts if isinstance(attempts, int) else 0,
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


def letter(
    delivery: Delivery,
    verdict: DeadLetter,
    *,
    task: str | None,
    queue: str,
    now: float,
    version: str,
    size_limit: int,
    fifo: bool,
) -> Outgoing:
    """The copy of a delivery for a dead-letter queue of that `size_limit` (bytes) and kind. Never raises.

    `dead_letter` is missing from its attributes where there was no room for it: the caller should count that.
    A FIFO queue gets the SQS message id for deduplication: by the original's own it might drop the copy.
    """
    record = delivery.record
    own = _own(record)
    folded, kept = (own, NO_ATTRIBUTES) if len(own) >= MAX_ATTRIBUTES else (NO_ATTRIBUTES, own)
    failure = _failure(delivery, verdict, task, queue, now, version)
    group_id = record.group_id or (record.message_id if fifo else None)
    copy = Outgoing(record.body, own, group_id, record.message_id if fifo else None)
    lighter = replace(copy, attributes={**kept, DEAD_LETTER: text("")})
    telling = replace(failure, attributes=folded).attribute(size_limit - lighter.size)
    return replace(copy, attributes={**kept, DEAD_LETTER: telling}) if telling else copy


def restore(record: Record) -> Outgoing:
    """What redrive sends back for a record of a dead-letter queue: the message as it was, its limits waived.

    Attempts start anew, and neither age nor hops are held against it. Both are told in `x-resent`, which is
    left out where ten attributes of its own leave it no place.
    """
    failure = Failure.read(record)
    published_at = failure.published_at if failure else None
    if published_at is None:
        published_at = open_record(record).published_at
    attributes = {name: value for name, value in _own(record).items() if name != RESENT}
    if len(attributes) < MAX_ATTRIBUTES:
        attributes[RESENT] = Resent(first_published=published_at, waive=True).attribute()
    fifo = record.sequence_number is not None or record.deduplication_id is not None
    return Outgoing(record.body, attributes, record.group_id, record.message_id if fifo else None)


def _failure(
    delivery: Delivery, verdict: DeadLetter, task: str | None, queue: str, now: float, version: str
) -> Failure:
    error = verdict.error
    return Failure(
        reason=verdict.reason,
        error_type=_type(error) if error else "",
        message=_message(error) if error else "",
        traceback=_traceback(error) if error else "",
        task=task,
        attempts=delivery.attempt,
        first_received_at=delivery.record.first_received_at,
        failed_at=now,
        published_at=delivery.published_at,
        queue=queue,
        message_id=delivery.id[:_LONGEST_ID],
        sqs_message_id=delivery.record.message_id,
        version=version,
    )


def _type(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an error that cannot even be told must not keep its message from its letter
        return "(the error cannot be written as text)"


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error, limit=_FRAMES))
    except Exception:  # as above
        return ""


def _own(record: Record) -> Mapping[str, Attribute]:
    """The message's own attributes, unfolded from a letter that it may already carry."""
    if DEAD_LETTER not in record.attributes:
        return record.attributes
    failure = Failure.read(record)
    kept = {name: value for name, value in record.attributes.items() if name != DEAD_LETTER}
    return {**kept, **failure.attributes} if failure else kept


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
    try:
        return {
            name: Attribute(told["type"], told["text"] if "text" in told else b64decode(told["base64"]))
            for name, told in (folded or {}).items()
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        return NO_ATTRIBUTES


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
