"""FifoQueue: what a FIFO queue does beyond order, which is the line's: it knows sends and receives again."""

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
    """What one receive took: each message with its handle and the end of its hold."""

    holds: Sequence[tuple[StoredMessage, str, float]]

    @classmethod
    def of(cls, taken: Sequence[StoredMessage]) -> "_Attempt":
        return cls([(message, message.handle, message.visible_at) for message in taken])

    @property
    def untouched(self) -> bool:
        """True while nothing of it was deleted, ran out, or had its visibility changed."""
        return all(
            message.place is MessagePlace.HELD and message.handle == handle and message.visible_at == end
            for message, handle, end in self.holds
        )


class FifoQueue(BrokerQueue):
    """A queue with strict order per message group, which takes a message once in five minutes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sends: RecentKeys[tuple[str | None, str], StoredMessage] = RecentKeys()
        self._attempts: RecentKeys[str, _Attempt] = RecentKeys()

    def _new_line(self) -> ReceiveOrder:
        return FifoOrder()

    def send(self, body: str, now: float, delay: int | None = None, **fields: Any) -> StoredMessage:
        """As on a standard queue; a duplicate adds nothing and returns the first message (SendMessage)."""
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
        """A receive that can be repeated under its ReceiveRequestAttemptId for five minutes.

        A repetition gets the same messages and handles, held anew for `visibility` seconds, unless something
        became of them in between; then it is a receive like any other.
        """
        self.settle(now)
        earlier = self._attempts.find(attempt, now)
        if earlier is not None and earlier.untouched:
            taken = [message for message, _, _ in earlier.holds]
            for message in taken:
                self._hold_until(message, min(now + visibility, message.received_at + VISIBILITY))
            self.stirred.add(self.name)
        else:
            taken = self.receive(most, visibility, now, dead_letters)
        if taken:
            self._attempts.remember(attempt, _Attempt.of(taken), now)
        return taken

    def delete(self, handle: str, now: float) -> None:
        """As on a standard queue; a handle whose hold has run out is refused (DeleteMessage)."""
        self.settle(now)
        message = self._find(handle)
        if message is not None and (message.handle != handle or message.place is not MessagePlace.HELD):
            raise invalid_value("ReceiptHandle", handle, "The receipt handle has expired.")
        super().delete(handle, now)

    def purge(self, now: float) -> None:
        """As on a standard queue; what a receive took can no longer be asked for again."""
        super().purge(now)
        self._attempts = RecentKeys()

    def configure(self, settings: QueueSettings, now: float) -> None:
        """Let other settings apply; another delay applies to what is still delayed, too (SetQueueAttributes).

        That is the one operation whose time grows with the queue's length.
        """
        redelayed = settings.delay != self.settings.delay and self.delayed
        super().configure(settings, now)
        if redelayed:
            for message in self._messages.values():
                if message.place is MessagePlace.DELAYED:
                    self._hold_until(message, message.sent_at + settings.delay)

    def _adopt(self, message: StoredMessage, now: float, delay: int, **changes: Any) -> None:
        """Its age starts anew, and the id it had before deduplicates it (DLQ redrive guide)."""
        changes |= {"sent_at": now, "deduplication_id": message.id, "sequence": True}
        super()._adopt(message, now, delay, **changes)

    def _room(self) -> int:
        return max(0, IN_FLIGHT - self.in_flight)


def content_id(body: str) -> str:
    """The deduplication id of a message that was given none: of its body only, never its attributes."""
    return sha256(body.encode()).hexdigest()
