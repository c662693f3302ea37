"""A standard queue of the local broker: the life of a message from send to delete.

A message is delayed, visible, in flight or gone. `receive_order` decides in which order visible messages are
received, and `fifo_queue` adds what FIFO queues do differently. Every operation takes at most logarithmic
time in the queue's length, amortized over the calls.
"""

from collections.abc import MutableSet
from typing import Any

from ..rules.ids import Ids
from ..rules.limits import IN_FLIGHT, PURGE, VISIBILITY
from ..rules.service_errors import ServiceError, invalid_value
from .queue_settings import QueueSettings
from .receive_order import ReceiveOrder, StandardOrder
from .stored_message import NEVER, MessagePlace, StoredMessage
from .timers import Timers, sent, visible

_ROUNDING = 0.001  # sums of epoch seconds are exact to less than a microsecond


class BrokerQueue:
    """A standard queue.

    Attributes:
        name: also the last part of its URL and ARN.
        messages: all its messages, by key.
        changed_queues: names of the queues in which a message may have become receivable, or may become so
            earlier than `wake_at` returned. Shared by all queues of the account.
    """

    def __init__(
        self, name: str, arn: str, settings: QueueSettings, ids: Ids, changed: MutableSet[str], now: float
    ) -> None:
        self.name = name
        self.arn = arn
        self.settings = settings
        self.tags: dict[str, str] = {}
        self.created_at = now
        self.changed_at = now
        self.in_flight = 0
        self.delayed = 0
        self.changed_queues = changed
        self._ids = ids
        self._handles = "AQEB" + ids.token() + ids.token()
        self._purged_at = NEVER - PURGE
        self.messages: dict[int, StoredMessage] = {}
        self._order: ReceiveOrder = self._new_order()
        self._ends = Timers(visible)
        self._ages = Timers(sent)

    def _new_order(self) -> ReceiveOrder:
        return StandardOrder()

    @property
    def visible(self) -> int:
        """Number of visible messages, including those of locked message groups."""
        return len(self.messages) - self.delayed - self.in_flight

    def send(self, body: str, now: float, delay: int | None = None, **fields: Any) -> StoredMessage:
        """Add a validated message. `delay` is in seconds; None means the queue's DelaySeconds."""
        message = StoredMessage(self._ids.uuid(), self._ids.key(), body, now, **fields)
        self.put(message, now, self.settings.delay if delay is None else delay)
        return message

    def put(self, message: StoredMessage, now: float, delay: int = 0) -> None:
        """Add a message that becomes visible after `delay` seconds; its key comes from the account's ids."""
        self.messages[message.key] = message
        self._ages.push(message, len(self.messages))
        if delay:
            message.place = MessagePlace.DELAYED
            message.visible_at = now + delay
            self.delayed += 1
            self._ends.push(message, len(self.messages))
        else:
            self._order.add(message)
        self.changed_queues.add(self.name)

    def receive(
        self, most: int, visibility: int, now: float, dead_letters: "BrokerQueue | None"
    ) -> list[StoredMessage]:
        """Receive up to `most` messages for `visibility` seconds each.

        A message that has reached maxReceiveCount moves to `dead_letters` instead.

        Raises:
            ServiceError: `OverLimit` if 120,000 messages are in flight.
        """
        self.apply_due(now)
        most = min(most, self._room())
        taken: list[StoredMessage] = []
        while len(taken) < most and (message := self._order.first()) is not None:
            self._order.take()
            if dead_letters is not None and self._exhausted(message):
                self._remove(message)
                dead_letters.add_dead_letter(message, self.arn, now)
            else:
                self._start_in_flight(message, visibility, now)
                taken.append(message)
        self._order.end_receive()
        return taken

    def delete(self, handle: str, now: float) -> None:
        """Delete the message of this handle; a handle that is not the latest deletes nothing (DeleteMessage).

        Raises:
            ServiceError: `ReceiptHandleIsInvalid` if it was never a handle of this queue.
        """
        self.apply_due(now)
        message = self._find(handle)
        if message is not None and message.handle == handle:
            self._remove(message)

    def change_visibility(self, handle: str, seconds: int, now: float) -> None:
        """Set the visibility timeout to end `seconds` from now; 0 makes the message visible at once.

        A later receive of the same message is never affected (ChangeMessageVisibility).

        Raises:
            ServiceError: `MessageNotInflight` if the message is not in flight under this handle;
                `InvalidParameterValue` if it was deleted, or if the timeout would end more than 12 h after
                the receive.
        """
        self.apply_due(now)
        message = self._find(handle)
        if message is None:
            raise invalid_value(
                "ReceiptHandle",
                handle,
                "Message does not exist or is not available for visibility timeout change.",
            )
        if message.handle != handle or message.place is not MessagePlace.IN_FLIGHT:
            raise ServiceError("MessageNotInflight", "The specified message isn't in flight.")
        if now + seconds - message.received_at > VISIBILITY + _ROUNDING:
            raise invalid_value(
                "VisibilityTimeout",
                seconds,
                f"Total VisibilityTimeout for the message is beyond the limit [{VISIBILITY} seconds]",
            )
        if seconds == 0 or now + seconds < message.visible_at:
            self.changed_queues.add(self.name)
        if seconds == 0:
            self._show(message)
        else:
            self._set_visible_at(message, now + seconds)

    def add_dead_letter(self, message: StoredMessage, source_arn: str, now: float) -> None:
        """Add a dead letter, with its id, body, attributes and receive count; its age keeps counting."""
        self._adopt(message, now, 0, source_arn=source_arn, carried=message.receives)

    def add_redriven(self, message: StoredMessage, now: float) -> None:
        """Add a message from a move task: a new id and age, with the old body, attributes and group."""
        fresh = {"id": self._ids.uuid(), "sent_at": now, "first_received_at": NEVER}
        self._adopt(message, now, self.settings.delay, source_arn=None, receives=0, carried=0, **fresh)

    def purge(self, now: float) -> None:
        """Delete all messages. Raises ServiceError `PurgeQueueInProgress` within 60 s of the last purge."""
        if now - self._purged_at < PURGE:
            raise ServiceError(
                "PurgeQueueInProgress",
                f"Only one PurgeQueue operation on {self.name} is allowed every {PURGE:.0f} seconds.",
            )
        self._purged_at = now
        self.messages = {}
        self.in_flight = self.delayed = 0
        self._order = self._new_order()
        self._ends.clear()
        self._ages.clear()
        self.changed_queues.add(self.name)

    def configure(self, settings: QueueSettings, now: float) -> None:
        """Apply other settings; messages that are already delayed keep their delay."""
        self.settings = settings
        self.changed_at = now
        self.changed_queues.add(self.name)

    def first(self, now: float) -> StoredMessage | None:
        """The message that the next receive would return, or None."""
        self.apply_due(now)
        return self._order.first()

    def withdraw(self) -> StoredMessage:
        """Remove the message that `first` has just returned, to move it to another queue."""
        message = self._order.take()
        self._remove(message)
        return message

    def wake_at(self) -> float | None:
        """When the next delay or visibility timeout ends (epoch seconds), or None."""
        return self._ends.earliest()

    def apply_due(self, now: float) -> None:
        """Apply what is due: the end of retention, of delays and of visibility timeouts."""
        while (message := self._ages.due(now - self.settings.retention)) is not None:
            self._remove(message)
        while (message := self._ends.due(now)) is not None:
            self._show(message)

    def _adopt(self, message: StoredMessage, now: float, delay: int, **changes: Any) -> None:
        self.put(message.moved(self._ids.key(), **changes), now, delay)

    def _room(self) -> int:
        if self.in_flight >= IN_FLIGHT:
            raise ServiceError("OverLimit", f"There are {self.in_flight} messages in flight on {self.name}.")
        return IN_FLIGHT - self.in_flight

    def _find(self, handle: str) -> StoredMessage | None:
        """The message that the receipt handle was issued for, or None if it is gone."""
        prefix, digits = self._handles, handle[-32:-16]
        if len(handle) != len(prefix) + 32 or not handle.startswith(prefix):
            raise ServiceError("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is invalid.')
        try:
            return self.messages.get(int(digits, 16))
        except ValueError as error:
            raise ServiceError(
                "ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is invalid.'
            ) from error

    def _start_in_flight(self, message: StoredMessage, visibility: int, now: float) -> None:
        message.receives += 1
        if message.first_received_at == NEVER:
            message.first_received_at = now
        message.received_at = now
        message.handle = f"{self._handles}{message.key:016x}{self._ids.token()}"
        message.place = MessagePlace.IN_FLIGHT
        self.in_flight += 1
        self._order.start_in_flight(message)
        self._set_visible_at(message, now + visibility)

    def _set_visible_at(self, message: StoredMessage, end: float) -> None:
        message.visible_at = end
        self._ends.push(message, len(self.messages))

    def _show(self, message: StoredMessage) -> None:
        was_in_flight = message.place is MessagePlace.IN_FLIGHT
        message.place = MessagePlace.VISIBLE
        message.visible_at = NEVER
        self._order.add(message)
        if was_in_flight:
            self._end_in_flight(message)
        else:
            self.delayed -= 1

    def _end_in_flight(self, message: StoredMessage) -> None:
        if self._order.end_in_flight(message) or self.in_flight >= IN_FLIGHT:
            self.changed_queues.add(self.name)
        self.in_flight -= 1

    def _remove(self, message: StoredMessage) -> None:
        place, message.place, message.visible_at = message.place, MessagePlace.GONE, NEVER
        del self.messages[message.key]
        if place is MessagePlace.IN_FLIGHT:
            self._end_in_flight(message)
        elif place is MessagePlace.DELAYED:
            self.delayed -= 1

    def _exhausted(self, message: StoredMessage) -> bool:
        policy = self.settings.redrive
        return policy is not None and message.receives - message.carried >= policy.most
