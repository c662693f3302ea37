"""A dead letter: one message of a dead-letter queue, with its failure and content, and its texts. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..untrusted.readable_times import format_age, format_time
from ..wire.records import MEDIA_TYPE, OPAQUE_DATA, Record
from .dead_letter_attribute import Failure

MOVED_BY_SQS = "maxReceiveCount"
"""Reason of a letter that SQS moved after too many receives, as when each worker died while handling it."""

UNKNOWN_REASON = "untold"
"""Reason of a message that neither a worker nor SQS moved here, as far as it shows."""

_NO_CONTENT = (MEDIA_TYPE, OPAQUE_DATA)
_MAX_ERROR = 60
"""Characters of an error in a list of letters."""

_REASONS = {MOVED_BY_SQS: f"moved by SQS: {MOVED_BY_SQS}"}

_LONGEST_ERROR = 200
"""Characters of the error in `repr`, which pytest shows."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter.

    Attributes:
        record: what the dead-letter queue returned, byte for byte.
        delivery: the decoded record.
        failure: the failure in its `dead_letter` attribute, or None.
    """

    record: Record
    delivery: Delivery
    failure: Failure | None

    def __repr__(self) -> str:
        error = " ".join(self.error.split())[:_LONGEST_ERROR]
        return (
            f"<Letter {self.id} of {self.task or 'no task'}: {', '.join(filter(None, [self.reason, error]))}>"
        )

    @classmethod
    def of(cls, record: Record) -> Self:
        """The letter of a record. Never raises: a body that cannot be read is `delivery.defect`."""
        return cls(record, decode_record(record), Failure.read(record))

    @property
    def id(self) -> str:
        """The message's id, which is the same on every copy and in the logs."""
        return (self.failure.message_id if self.failure else "") or self.delivery.id

    @property
    def ids(self) -> tuple[str, ...]:
        """All its ids: the message's, this copy's SQS id, and that of the copy that failed."""
        return (self.id, self.record.message_id, *([self.failure.sqs_message_id] if self.failure else []))

    @property
    def media_type(self) -> str | None:
        """The media type, or None if the message has none."""
        return self.delivery.media_type

    @property
    def reason(self) -> str:
        """Why it is here: a `verdicts.Reason`, or `MOVED_BY_SQS` or `UNKNOWN_REASON`."""
        if self.failure:
            return self.failure.reason or UNKNOWN_REASON
        return MOVED_BY_SQS if self.record.source_arn else UNKNOWN_REASON

    @property
    def error(self) -> str:
        """Type and message of the error; empty if there was none."""
        if not self.failure:
            return ""
        return ": ".join(part for part in (self.failure.error_type, self.failure.message) if part)

    @property
    def error_type(self) -> str:
        """Qualified name of the error's class; empty if there was none."""
        return self.failure.error_type if self.failure else ""

    @property
    def task(self) -> str | None:
        """Name of the task that failed, or None."""
        return self.failure.task if self.failure else None

    @property
    def attempts(self) -> int:
        """Attempts made; receives if SQS moved it."""
        return self.failure.attempts if self.failure else self.record.receive_count

    @property
    def dead_since(self) -> float:
        """When it failed or, if unknown, when it was sent here (epoch seconds)."""
        failed_at = self.failure.failed_at if self.failure else None
        return self.record.sent_at if failed_at is None else failed_at

    def age(self, now: float) -> float:
        """Seconds since `dead_since`, never negative. `now` is epoch seconds."""
        return max(0.0, now - self.dead_since)

    @property
    def content(self) -> Mapping[str, Any]:
        """The schema's fields; empty if the body cannot be read."""
        return {name: value for name, value in self.delivery.fields.items() if name not in _NO_CONTENT}


def describe_reason(reason: str) -> str:
    """A letter's reason in words."""
    return _REASONS.get(reason, reason)


def class_name(error_type: str) -> str:
    """The error's class name, without its module."""
    return error_type.rpartition(".")[2]


def error_line(letter: Letter, limit: int = _MAX_ERROR) -> str:
    """The error's class name and the first line of its message, cut to `limit` characters."""
    module = letter.error_type.removesuffix(class_name(letter.error_type))
    line = letter.error.removeprefix(module).partition("\n")[0]
    return line if len(line) <= limit else line[: limit - 1] + "…"


def failure_fields(letter: Letter, now: float) -> Iterator[tuple[str, object]]:
    """Names and values of everything that is known about its failure; some are None or empty."""
    failure = letter.failure
    yield "reason", describe_reason(letter.reason)
    if letter.delivery.defect:
        yield "defect", letter.delivery.defect
    if failure:
        yield "error", letter.error
        yield "task", letter.task or "none"
    yield "attempts" if failure else "receives", letter.attempts
    yield (
        "failed" if failure and failure.failed_at else "sent",
        f"{format_age(letter.age(now))} ago, {format_time(letter.dead_since)}",
    )
    if failure:
        yield "first received", format_time(failure.first_received_at)
        yield "queue", failure.queue
        yield "failed SQS message", failure.sqs_message_id
        yield "pubsub-tasks", failure.version
    yield "published", format_time(letter.delivery.published_at)
    yield "source queue", letter.record.source_arn
    yield "message group", letter.record.group_id
    yield "this SQS message", letter.record.message_id
