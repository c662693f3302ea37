"""A FIFO queue of the local broker: deduplicated sends, and receives that can be repeated.

`receive_order.FifoOrder` keeps the order within message groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ..rules.limits import IN_FLIGHT, VISIBILITY
from ..rules.recent_keys import RecentKeys
from ..rules.service_errors import invalid_value
from .queue import BrokerQueue
from .queue_settings import QueueSettings
from .receive_order import FifoOrder, ReceiveOrder
from .stored_message import MessagePlace, StoredMessage


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One receive: each message with its receipt handle and the end of its visibility timeout."""

    received: Sequence[tuple[StoredMessage, str, float]]

    @classmethod
    def of(cls, taken: Sequence[StoredMessage]) -> "_Attempt":
        return cls([(message, message.handle, message.visible_at) for message in taken])

    @property
    def untouched(self) -> bool:
        """True until a message is deleted, times out or has its visibility changed."""
        return all(
            message.place is MessagePlace.IN_FLIGHT and message.handle == handle and message.visible_at == end
            for message, handle, end in self.received
        )


class FifoQueue(BrokerQueue):
    """A queue with strict order per message group and a deduplication interval of five minutes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sends: RecentKeys[tuple[str | None, str], StoredMessage] = RecentKeys()
        self._attempts: RecentKeys[str, _Attempt] = RecentKeys()

    def _new_order(self) -> ReceiveOrder:
        return FifoOrder()

    def send(self, body: str, now: float, delay: int | None = None, **fields: Any) -> StoredMessage:
        """As on a standard queue. A duplicate adds nothing and returns the first message (SendMessage)."""
        deduplication_id = fields["deduplication_id"] = fields.get("deduplication_id") or content_id(body)
        scope = (fields["group"] if self.settings.per_group else None, deduplication_id)
        earlier = self._sends.find(scope, now)
        if earlier is not None:
            return earlier
        message = super().send(body, now, delay, sequence=True, **fields)
        self._sends.remember(scope, message, now)
        return message

    def receive_again(
        self, attempt: str, most: int, visibility: int, now: float, dead_letters: BrokerQueue | None
    ) -> list[StoredMessage]:
        """Receive, or repeat an earlier receive with the same ReceiveRequestAttemptId (`attempt`).

        Within five minutes, a repetition returns the same messages and handles with a new visibility timeout
        of `visibility` seconds. If one of them has changed in the meantime, it is an ordinary receive.
        """
        self.apply_due(now)
        earlier = self._attempts.find(attempt, now)
        if earlier is not None and earlier.untouched:
            taken = [message for message, _, _ in earlier.received]
            for message in taken:
                self._set_visible_at(message, min(now + visibility, message.received_at + VISIBILITY))
            self.changed_queues.add(self.name)
        else:
            taken = self.receive(most, visibility, now, dead_letters)
        if taken:
            self._attempts.remember(attempt, _Attempt.of(taken), now)
        return taken

    def delete(self, handle: str, now: float) -> None:
        """As on a standard queue, but refuses a handle whose visibility timeout has ended (DeleteMessage)."""
        self.apply_due(now)
        message = self._find(handle)
        if message is not None and (message.handle != handle or message.place is not MessagePlace.IN_FLIGHT):
            raise invalid_value("ReceiptHandle", handle, "The receipt handle has expired.")
        super().delete(handle, now)

    def purge(self, now: float) -> None:
        """As on a standard queue; earlier receives can no longer be repeated."""
        super().purge(now)
        self._attempts = RecentKeys()

    def configure(self, settings: QueueSettings, now: float) -> None:
        """Apply other settings. A new delay also applies to delayed messages (SetQueueAttributes).

        This is the only operation whose time grows linearly with the queue's length.
        """
        redelayed = settings.delay != self.settings.delay and self.delayed
        super().configure(settings, now)
        if redelayed:
            for message in self.messages.values():
                if message.place is MessagePlace.DELAYED:
                    self._set_visible_at(message, message.sent_at + settings.delay)

    def _adopt(self, message: StoredMessage, now: float, delay: int, **changes: Any) -> None:
        """The age starts again, and the previous id becomes the deduplication id (DLQ redrive guide)."""
        changes |= {"sent_at": now, "deduplication_id": message.id, "sequence": True}
        super()._adopt(message, now, delay, **changes)

    def _room(self) -> int:
        return max(0, IN_FLIGHT - self.in_flight)


def content_id(body: str) -> str:
    """The content-based deduplication id: a hash of the body without the attributes."""
    return sha256(body.encode()).hexdigest()
