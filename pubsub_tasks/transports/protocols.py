"""Transports: the two protocols, `Publisher` and `Queue`, and who makes them. Knows no implementation.

Batches are of one to ten entries, and each answer has one element per entry, in the order given. A call that
fails as a whole raises a `TransportError`; an entry that fails alone is an `EntryFailure` in the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..wire.records import EntryFailure, MoveTaskStatus, Outgoing, QueueAttributes, Record, Sent


@dataclass(frozen=True, slots=True)
class Features:
    """What a transport may lack. The contract suite skips, by name, what is False here."""

    fifo_order: bool = True
    stale_handles: bool = True
    visibility_cap: bool = True
    limits: bool = True
    binary_attributes: bool = True
    filters: bool = True
    move_tasks: bool = True
    deduplication: bool = True


class Publisher(Protocol):
    """Sends to topics. Safe to share between threads."""

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        """Publish one to ten messages. Raises PublishFailed when the whole call fails."""
        ...


class Queue(Protocol):
    """One queue. Safe to share between threads."""

    @property
    def url(self) -> str: ...

    @property
    def name(self) -> str:
        """The last part of the URL."""
        ...

    @property
    def fifo(self) -> bool: ...

    def receive(
        self, limit: int, wait: int, visibility: int | None, attempt_id: str | None = None
    ) -> list[Record]:
        """Receive up to `limit` (1 to 10), waiting up to `wait` seconds (0 to 20) for the first.

        `visibility` is seconds, or None for the queue's own. `attempt_id` (FIFO alone) makes a repeated call
        return the same messages. Raises ReceiveFailed.
        """
        ...

    def delete(self, handles: Sequence[str]) -> list[EntryFailure | None]:
        """Delete by receipt handle. Raises SettleFailed."""
        ...

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> list[EntryFailure | None]:
        """Set (receipt handle, seconds from now). Raises SettleFailed."""
        ...

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        """Send straight to the queue. Raises SettleFailed."""
        ...

    def attributes(self) -> QueueAttributes:
        """Raises ConfigurationError when there is no such queue, TransportError when the wire fails."""
        ...

    def sources(self) -> list[str]:
        """URLs of the queues whose redrive policy names this one. Raises TransportError."""
        ...

    def start_move(self, destination_arn: str | None, rate: int | None) -> None:
        """Let SQS move all messages of this dead-letter queue; TransportError where it refuses.

        They go to `destination_arn`, or each back to where SQS took it from; `rate` is messages per second, 1
        to 500, or None for as fast as SQS sees fit.
        """
        ...

    def last_move(self) -> MoveTaskStatus | None:
        """The latest move task of this queue, None where there was none. Raises TransportError."""
        ...

    def cancel_move(self, handle: str) -> None:
        """Stop a move task; what it has moved stays moved. Raises TransportError."""
        ...


class Transport(Protocol):
    """A world of topics and queues."""

    @property
    def features(self) -> Features: ...

    def publisher(self) -> Publisher: ...

    def queue(self, url: str) -> Queue: ...

    def queue_url(self, arn: str) -> str:
        """URL of the queue with this ARN. Raises ConfigurationError when there is none."""
        ...
