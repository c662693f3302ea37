"""What a transport implements: `Publisher` and `Queue`, and `Transport`, which creates them.

A batch has one to ten entries, and its result has one element per entry, in the same order. A call that fails
as a whole raises a `TransportError`; an entry that fails alone is an `EntryFailure` in the result.

To add a transport, implement these three protocols in a module of this folder and add it to the environments
in `tests/contract/conftest.py`, with the `Features` that it supports. If it has SQS's and SNS's actions,
reuse `SqsQueue` and `SnsPublisher`, which only need a function that makes a call (`sqs.ApiCall`).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..wire.records import EntryFailure, MoveTaskStatus, Outgoing, QueueAttributes, Record, Sent


class Features(NamedTuple):
    """Optional behavior of a transport. The contract tests of a feature that is False are skipped by name."""

    fifo_order: bool = True
    stale_handles: bool = True
    visibility_cap: bool = True
    limits: bool = True
    binary_attributes: bool = True
    filters: bool = True
    move_tasks: bool = True
    deduplication: bool = True


class Publisher(Protocol):
    """Publishes to topics. Safe to share between threads."""

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        """Publish one to ten messages. Raises PublishFailed if the whole call fails."""
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

        `visibility` is in seconds; None means the queue's VisibilityTimeout. A FIFO queue returns the same
        messages to a repeated call with the same `attempt_id`. Raises ReceiveFailed.
        """
        ...

    def delete(self, handles: Sequence[str]) -> list[EntryFailure | None]:
        """Delete by receipt handle. Raises SettleFailed."""
        ...

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> list[EntryFailure | None]:
        """Set visibility timeouts: (receipt handle, seconds from now). Raises SettleFailed."""
        ...

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        """Send directly to the queue. Raises SettleFailed."""
        ...

    def attributes(self) -> QueueAttributes:
        """The queue's attributes.

        Raises ConfigurationError if it does not exist, TransportError on failure.
        """
        ...

    def sources(self) -> list[str]:
        """URLs of the queues that use this one as their dead-letter queue. Raises TransportError."""
        ...

    def start_move(self, destination_arn: str | None, rate: int | None) -> None:
        """Start a message move task for this dead-letter queue. Raises TransportError if SQS refuses it.

        Messages move to `destination_arn`; None means each to its source queue. `rate` is messages per
        second, 1 to 500; None lets SQS choose.
        """
        ...

    def last_move(self) -> MoveTaskStatus | None:
        """The latest move task of this queue, or None. Raises TransportError."""
        ...

    def cancel_move(self, handle: str) -> None:
        """Stop a move task; messages that it has moved stay moved. Raises TransportError."""
        ...


class Transport(Protocol):
    """Access to the topics and queues of one environment."""

    @property
    def features(self) -> Features: ...

    def publisher(self) -> Publisher: ...

    def queue(self, url: str) -> Queue: ...

    def queue_url(self, arn: str) -> str:
        """URL of the queue with this ARN. Raises ConfigurationError if it does not exist."""
        ...
