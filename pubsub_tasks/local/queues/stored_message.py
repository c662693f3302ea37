"""One copy of a message, as it is stored in one queue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from hashlib import md5
from typing import Any

from ..rules import message_attributes
from ..rules.ids import sequence_number
from ..rules.service_errors import ServiceError

SYSTEM_ATTRIBUTES = frozenset(
    {
        "AWSTraceHeader",
        "All",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "DeadLetterQueueSourceArn",
        "MessageDeduplicationId",
        "MessageGroupId",
        "SenderId",
        "SentTimestamp",
        "SequenceNumber",
        "SqsManagedSseEnabled",
    }
)


class MessagePlace(IntEnum):
    """The state of a message in its queue."""

    VISIBLE = 0
    DELAYED = 1
    IN_FLIGHT = 2
    GONE = 3


NEVER = -1.0


@dataclass(slots=True, eq=False)
class StoredMessage:
    """One message in one queue.

    Attributes:
        key: its position in the queue's order; larger is later.
        sequence: True if the queue shows sequence numbers (FIFO).
        receives: number of receives in all queues it has been in.
        carried: how many of these were in earlier queues.
        received_at: time of the latest receive (epoch seconds).
        visible_at: when its delay or visibility timeout ends (epoch seconds); NEVER if it has none.
        handle: the receipt handle of the latest receive.
        source_arn: the queue from which it was dead-lettered.
    """

    id: str
    key: int
    body: str
    sent_at: float
    attributes: Mapping[str, Any] | None = None
    group: str | None = None
    deduplication_id: str | None = None
    trace_header: str | None = None
    sequence: bool = False
    sender: str = ""
    source_arn: str | None = None
    receives: int = 0
    carried: int = 0
    first_received_at: float = NEVER
    received_at: float = NEVER
    visible_at: float = NEVER
    handle: str = ""
    place: MessagePlace = MessagePlace.VISIBLE
    body_md5: str = ""

    def __post_init__(self) -> None:
        if not self.body_md5:
            self.body_md5 = digest(self.body)

    def moved(self, key: int, **changes: Any) -> "StoredMessage":
        """A copy of this message for another queue."""
        return replace(
            self,
            key=key,
            received_at=NEVER,
            visible_at=NEVER,
            handle="",
            place=MessagePlace.VISIBLE,
            **changes,
        )

    def shown(self, system_names: Collection[str], names: Collection[str]) -> dict[str, Any]:
        """The message as ReceiveMessage returns it, with the requested attributes only."""
        view: dict[str, Any] = {
            "MessageId": self.id,
            "ReceiptHandle": self.handle,
            "MD5OfBody": self.body_md5,
            "Body": self.body,
        }
        if system_names:
            system = self._system()
            if "All" not in system_names:
                system = {name: system[name] for name in system_names if name in system}
            if system:
                view["Attributes"] = system
        if names and self.attributes:
            chosen = message_attributes.chosen(self.attributes, names)
            if chosen:
                view["MessageAttributes"] = chosen
                view["MD5OfMessageAttributes"] = message_attributes.digest(chosen)
        return view

    def _system(self) -> dict[str, str]:
        known = {
            "SenderId": self.sender,
            "SentTimestamp": milliseconds(self.sent_at),
            "ApproximateReceiveCount": str(self.receives),
            "ApproximateFirstReceiveTimestamp": milliseconds(self.first_received_at),
        }
        if self.sequence:
            known["SequenceNumber"] = sequence_number(self.key)
        if self.group is not None:
            known["MessageGroupId"] = self.group
        if self.deduplication_id is not None:
            known["MessageDeduplicationId"] = self.deduplication_id
        if self.trace_header is not None:
            known["AWSTraceHeader"] = self.trace_header
        if self.source_arn is not None:
            known["DeadLetterQueueSourceArn"] = self.source_arn
        return known


def digest(text: str) -> str:
    """The MD5 that SDKs compare with the body that they sent or received."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def milliseconds(moment: float) -> str:
    """Epoch seconds in the format of SQS: whole milliseconds, as text."""
    return str(round(moment * 1000))


def check_system_names(names: Collection[str]) -> None:
    """Raise ServiceError `InvalidAttributeName` for a system attribute that does not exist."""
    for name in names:
        if name not in SYSTEM_ATTRIBUTES:
            raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
