"""Letter: one message of a dead-letter queue, as people ask about it. Pure; knows no queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..wire.records import MEDIA_TYPE, OPAQUE_DATA, Record
from .dead_letter_attribute import Failure

MOVED_BY_SQS = "maxReceiveCount"
"""The reason of a letter that SQS itself moved: it was received too often, and nobody lived to say why."""

UNTOLD = "untold"
"""The reason of a message that neither we nor SQS put here, as far as it tells."""

_NO_CONTENT = (MEDIA_TYPE, OPAQUE_DATA)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter.

    Attributes:
        record: what the dead-letter queue handed out, byte for byte.
        delivery: the same, opened.
        failure: what its `dead_letter` attribute tells, or None where it has none.
    """

    record: Record
    delivery: Delivery
    failure: Failure | None

    @classmethod
    def of(cls, record: Record) -> Self:
        """The letter that a record is; any record is one."""
        return cls(record, decode_record(record), Failure.read(record))

    @property
    def id(self) -> str:
        """The message's id, the same on every copy, as the logs told it when it failed."""
        return (self.failure.message_id if self.failure else "") or self.delivery.id

    @property
    def ids(self) -> tuple[str, ...]:
        """All by which people may know it: the message's, this copy's, and that of the copy that failed."""
        return (self.id, self.record.message_id, *([self.failure.sqs_message_id] if self.failure else []))

    @property
    def media_type(self) -> str | None:
        """None where the message does not tell it."""
        return self.delivery.media_type

    @property
    def reason(self) -> str:
        """Why it is here: a `verdicts.Reason`, `maxReceiveCount` or `untold`."""
        if self.failure:
            return self.failure.reason or UNTOLD
        return MOVED_BY_SQS if self.record.source_arn else UNTOLD

    @property
    def error(self) -> str:
        """Type and text of the error; empty where there was none."""
        if not self.failure:
            return ""
        return ": ".join(part for part in (self.failure.error_type, self.failure.message) if part)

    @property
    def error_type(self) -> str:
        return self.failure.error_type if self.failure else ""

    @property
    def task(self) -> str | None:
        """Name of the task that failed, or None."""
        return self.failure.task if self.failure else None

    @property
    def attempts(self) -> int:
        """Tries made; of what SQS moved, receives."""
        return self.failure.attempts if self.failure else self.record.receive_count

    @property
    def dead_since(self) -> float:
        """When it was given up, else when it was sent (epoch seconds)."""
        failed_at = self.failure.failed_at if self.failure else None
        return self.record.sent_at if failed_at is None else failed_at

    def age(self, now: float) -> float:
        """Seconds since it was given up, never negative."""
        return max(0.0, now - self.dead_since)

    @property
    def content(self) -> Mapping[str, Any]:
        """The schema's fields; empty where the body cannot be read."""
        return {name: value for name, value in self.delivery.fields.items() if name not in _NO_CONTENT}
