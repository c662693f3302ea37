"""Delivery: one receipt of a message. Frozen; it can tell what it is, and cannot settle itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from time import time
from typing import Any, Protocol, Self

from ..errors import MessageError, TransportError
from ..wire.records import MEDIA_TYPE, NO_ATTRIBUTES, OPAQUE_DATA, Attribute, Record


class Lease(Protocol):
    """What its holder may ask of the visibility of a message in hand."""

    @property
    def lost(self) -> bool:
        """True once the message is no longer ours; a handler had better stop."""
        ...

    def remaining(self) -> float:
        """Seconds until the message would be seen by others, were it not extended."""
        ...


class NoLease:
    """The lease of a delivery that nobody keeps, as in tests and in Lambda."""

    lost = False

    def remaining(self) -> float:
        return float("inf")


NO_LEASE = NoLease()


@dataclass(frozen=True, slots=True)
class FixedLease:
    """The lease of a delivery made for a test: it says what the test says."""

    lost: bool
    seconds: float

    def remaining(self) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Delivery:
    """One receipt of a message.

    Attributes:
        record: what the queue handed out, byte for byte.
        id: the message's id: `x-message-id`, else the SNS message id, else the SQS one.
        media_type: None where the body does not tell it.
        fields: the parsed JSON object of the body; empty where there is a defect.
        headers: the message's opaque headers.
        attempt: which try this is, from 1; resends are counted on, and a receive before it was due is not.
        published_at: when it was first published (epoch seconds).
        attributes: the message's own attributes, from SQS or from the SNS notification.
        topic: ARN of the topic, where the SNS notification tells it.
        not_before: when it may be handled at the earliest (epoch seconds), or 0.
        waived: True once after a redrive: neither age nor hops are held against it.
        defect: why it cannot be read, or None; a TransportError may pass.
        lease: the hold that the worker has on it.
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
        """A delivery for a test that calls a handler itself. Needs no queue.

        Args:
            content: the schema's fields.
            published_at: epoch seconds; now unless given.
            lost, remaining: what the delivery says of its lease; `remaining` in seconds.

        The other arguments are the attributes of a delivery; `attempt` is its number of receives, too.
        """
        said = {MEDIA_TYPE: media_type, OPAQUE_DATA: dict(headers or {}), **(content or {})}
        sent_at = time() if published_at is None else published_at
        carried = attributes or NO_ATTRIBUTES
        body = json.dumps(said, default=str)
        record = Record(body, "receipt-1", id, attempt, sent_at, sent_at, carried, group)
        lease = FixedLease(lost, remaining)
        return cls(record, id, media_type, said, headers or {}, attempt, sent_at, carried, topic, lease=lease)

    @property
    def sqs_message_id(self) -> str:
        """The id that SQS gave to this copy."""
        return self.record.message_id

    @property
    def receives(self) -> int:
        """How often SQS handed this copy out, whether or not anything ran."""
        return self.record.receive_count

    @property
    def group(self) -> str | None:
        """The message group; strict order within it on FIFO queues."""
        return self.record.group_id

    @property
    def lost(self) -> bool:
        """True once the lease is gone: another worker may have the message."""
        return self.lease.lost

    def age(self, now: float) -> float:
        """Seconds since it was first published, never negative."""
        return max(0.0, now - self.published_at)

    def remaining(self) -> float:
        """Seconds of lease left before the next extension."""
        return self.lease.remaining()
