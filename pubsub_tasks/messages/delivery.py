"""A delivery: one receive of a message, as handlers see it. It cannot settle itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from time import time
from typing import Any, NamedTuple, Protocol, Self

from ..errors import MessageError, TransportError
from ..wire.records import (
    MAX_DELAY,
    MAX_VISIBILITY,
    MEDIA_TYPE,
    NO_ATTRIBUTES,
    OPAQUE_DATA,
    Attribute,
    Record,
)


class Lease(Protocol):
    """The visibility lease of a message in flight, as handlers may query it."""

    @property
    def lost(self) -> bool:
        """True once the lease has ended: another worker may receive the message, so a handler should stop."""
        ...

    def remaining(self) -> float:
        """Seconds until the message becomes visible unless the lease is extended."""
        ...


class NoLease:
    """The lease of a delivery outside of a worker, as in tests and in Lambda. It never ends."""

    lost = False

    def remaining(self) -> float:
        return float("inf")


NO_LEASE = NoLease()


class FixedLease(NamedTuple):
    """The lease of a delivery made by `Delivery.for_test`, with fixed values."""

    lost: bool
    seconds: float

    def remaining(self) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Delivery:
    """One receive of a message.

    Attributes:
        record: the message as received from the queue, byte for byte.
        id: the message's id: the header `x-message-id`, or else the SNS message id, or else the SQS one.
        media_type: None if the message names none.
        fields: the parsed JSON object of the body; empty if there is a defect.
        headers: the message's headers (str to str).
        attempt: the number of this attempt, from 1. Attempts on earlier copies count; receives before the
            message was due do not.
        published_at: when it was first published (epoch seconds).
        attributes: the message's attributes, from SQS or from the SNS notification.
        topic: ARN of the topic if the SNS notification has it, else None.
        not_before: the earliest time that it may be handled (epoch seconds), or 0.
        waived: True once after a redrive: neither its age nor its hop limit counts against the message.
        timeout: seconds that its publisher allows an attempt, for a task that has no time limit, or None.
        defect: why it cannot be read, or None. A TransportError may be temporary.
        lease: the visibility lease.
    """

    record: Record
    id: str
    media_type: str | None
    fields: Mapping[str, Any]
    headers: Mapping[str, str]
    attempt: int
    published_at: float
    attributes: Mapping[str, Any]
    topic: str | None = None
    not_before: float = 0.0
    waived: bool = False
    timeout: float | None = None
    defect: MessageError | TransportError | None = None
    lease: Lease = NO_LEASE

    @classmethod
    def for_test(
        cls,
        content: Mapping[str, Any] | None = None,
        *,
        id: str = "message-1",
        media_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        attempt: int = 1,
        published_at: float | None = None,
        attributes: Mapping[str, Attribute] | None = None,
        group: str | None = None,
        topic: str | None = None,
        lost: bool = False,
        remaining: float = inf,
    ) -> Self:
        """Make a delivery without a queue, for a test that calls a handler itself.

        Args:
            content: the schema's fields by name.
            attempt: also the receive count.
            published_at: epoch seconds; now by default.
            lost, remaining: values of the lease; `remaining` is in seconds.

        The other arguments are attributes of the delivery.
        """
        fields = {MEDIA_TYPE: media_type, OPAQUE_DATA: dict(headers or {}), **(content or {})}
        sent_at = time() if published_at is None else published_at
        attributes = attributes or NO_ATTRIBUTES
        body = json.dumps(fields, default=str)
        record = Record(body, "receipt-1", id, attempt, sent_at, sent_at, attributes, group)
        lease = FixedLease(lost, remaining)
        return cls(
            record, id, media_type, fields, headers or {}, attempt, sent_at, attributes, topic, lease=lease
        )

    @property
    def sqs_message_id(self) -> str:
        """The id that SQS assigned to this copy."""
        return self.record.message_id

    @property
    def receives(self) -> int:
        """How often this copy was received, whether or not a handler ran."""
        return self.record.receive_count

    @property
    def group(self) -> str | None:
        """The message group, or None. FIFO queues deliver a group in order."""
        return self.record.group_id

    @property
    def lost(self) -> bool:
        """True once the lease has ended: another worker may have the message."""
        return self.lease.lost

    def age(self, now: float) -> float:
        """Return the seconds from the first publish to `now` (epoch seconds), never negative."""
        return max(0.0, now - self.published_at)

    def remaining(self) -> float:
        """Return the seconds until the lease ends unless it is extended."""
        return self.lease.remaining()


def idle_receives(record: Record, not_before: float) -> int:
    """Return how many receives made no attempt, since the message was not due yet (epoch seconds).

    Each hides the message for up to 12 hours. A worker keeps a FIFO message in hand for the last 15 minutes.
    """
    wait = not_before - record.first_received_at
    if wait <= 0 or record.first_received_at <= 0:
        return 0
    hidden, rest = divmod(wait, MAX_VISIBILITY)
    is_kept = record.sequence_number is not None and rest <= MAX_DELAY
    return min(int(hidden) + (not is_kept), record.receive_count - 1)
