"""A standard queue of the broker: what becomes of a message from send to delete.

A message is delayed, visible, held (in flight) or gone; in which order the visible ones are handed out is
the line's business, and what is peculiar to FIFO queues is in `fifo`. Every operation takes logarithmic
time in the queue's length or less, spread over the calls.
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
        stirred: names of queues where something may have become receivable, or will earlier than was told.
    """

    def __init__(
        self, name: str, arn: str, settings: QueueSettings, ids: Ids, stirred: MutableSet[str], now: float
    ) -> None:
        self.name = name
        self.arn = arn
        self.settings = settings
        self.tags: dict[str, str] = {}
        self.created_at = now
        self.changed_at = now
        self.in_flight = 0
        self.delayed = 0
        self.stirred = stirred
        self._ids = ids
        self._handles = "AQEB" + ids.token() + ids.token()
        self._purged_at = NEVER - PURGE
        self._messages: dict[int, StoredMessage] = {}
        self._line: ReceiveOrder = self._new_line()
        self._ends = Timers(visible)
        self._ages = Timers(sent)

    def _new_line(self) -> ReceiveOrder:
        return StandardOrder()

    @property
    def visible(self) -> int:
        """How many messages could be received, were no group locked."""
        return len(self._messages) - self.delayed - self.in_flight

    def send(self, body: str, now: float, delay: int | None = None, **fields: Any) -> StoredMessage:
        """Take in a message that was found legal; `delay` in seconds, else the queue's own."""
        message = StoredMessage(self._ids.uuid(), self._ids.key(), body, now, **fields)
        self.put(message, now, self.settings.delay if delay is None else delay)
        return message

    def put(self, message: StoredMessage, now: float, delay: int = 0) -> None:
        """Let a message stand here, after `delay` seconds; its key comes from this queue's ids."""
        self._messages[message.key] = message
        self._ages.push(message, len(self._messages))
        if delay:
            message.place = MessagePlace.DELAYED
            message.visible_at = now + delay
            self.delayed += 1
            self._ends.push(message, len(self._messages))
        else:
            self._line.join(message)
        self.stirred.add(self.name)

    def receive(
        self, most: int, visibility: int, now: float, dead_letters: "BrokerQueue | None"
    ) -> list[StoredMessage]:
        """Hold up to `most` messages for `visibility` seconds; what was received too often is dead-lettered.

        Raises:
            ServiceError: `OverLimit` with 120,000 messages in flight.
        """
        self.settle(now)
        most = min(most, self._room())
        taken: list[StoredMessage] = []
        while len(taken) < most and (message := self._line.first()) is not None:
            self._line.take()
            if dead_letters is not None and self._exhausted(message):
                self._remove(message)
                dead_letters.bring(message, self.arn, now)
            else:
                self._hold(message, visibility, now)
                taken.append(message)
        self._line.close()
        return taken

    def delete(self, handle: str, now: float) -> None:
        """Delete what the handle holds; a handle that is not the latest deletes nothing (DeleteMessage).

        Raises:
            ServiceError: `ReceiptHandleIsInvalid` for what was never a handle of this queue.
        """
        self.settle(now)
        message = self._find(handle)
        if message is not None and message.handle == handle:
            self._remove(message)

    def change_visibility(self, handle: str, seconds: int, now: float) -> None:
        """Hold for `seconds` from now; 0 lets go. No other hold is ever touched (ChangeMessageVisibility).

        Raises:
            ServiceError: `MessageNotInflight` where it is not held by this handle, `InvalidParameterValue`
                where it was deleted or the hold would pass 12 h since the receive.
        """
        self.settle(now)
        message = self._find(handle)
        if message is None:
            raise invalid_value(
                "ReceiptHandle",
                handle,
                "StoredMessage does not exist or is not available for visibility timeout change.",
            )
        if message.handle != handle or message.place is not MessagePlace.HELD:
            raise ServiceError("MessageNotInflight", "The specified message isn't in flight.")
        if now + seconds - message.received_at > VISIBILITY + _ROUNDING:
            raise invalid_value(
                "VisibilityTimeout",
                seconds,
                f"Total VisibilityTimeout for the message is beyond the limit [{VISIBILITY} seconds]",
            )
        if seconds == 0 or now + seconds < message.visible_at:
            self.stirred.add(self.name)
        if seconds == 0:
            self._show(message)
        else:
            self._hold_until(message, now + seconds)

    def bring(self, message: StoredMessage, source_arn: str, now: float) -> None:
        """Take in a dead letter: same id, body, attributes and receive count; its age goes on counting."""
        self._adopt(message, now, 0, source_arn=source_arn, carried=message.receives)

    def take_back(self, message: StoredMessage, now: float) -> None:
        """Take in what a move task brings: as a new message, with the old body, attributes and group."""
        fresh = {"id": self._ids.uuid(), "sent_at": now, "first_received_at": NEVER}
        self._adopt(message, now, self.settings.delay, source_arn=None, receives=0, carried=0, **fresh)

    def purge(self, now: float) -> None:
        """Delete everything; raises ServiceError `PurgeQueueInProgress` within 60 s of the last time."""
        if now - self._purged_at < PURGE:
            raise ServiceError(
                "PurgeQueueInProgress",
                f"Only one PurgeQueue operation on {self.name} is allowed every {PURGE:.0f} seconds.",
            )
        self._purged_at = now
        self._messages = {}
        self.in_flight = self.delayed = 0
        self._line = self._new_line()
        self._ends.clear()
        self._ages.clear()
        self.stirred.add(self.name)

    def configure(self, settings: QueueSettings, now: float) -> None:
        """Let other settings apply; the delay of messages already here stays as it was."""
        self.settings = settings
        self.changed_at = now
        self.stirred.add(self.name)

    def first(self, now: float) -> StoredMessage | None:
        """The message that a receive would get next."""
        self.settle(now)
        return self._line.first()

    def withdraw(self) -> StoredMessage:
        """Take what `first` has just shown out of the queue, to move it elsewhere."""
        message = self._line.take()
        self._remove(message)
        return message

    def wake_at(self) -> float | None:
        """When the next delay or hold ends (epoch seconds)."""
        return self._ends.earliest()

    def settle(self, now: float) -> None:
        """Let come true what time has brought: retention ends, delays and holds end."""
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
        """The message that a handle was once given for, None where it is gone."""
        prefix, digits = self._handles, handle[-32:-16]
        if len(handle) != len(prefix) + 32 or not handle.startswith(prefix):
            raise ServiceError("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is invalid.')
        try:
            return self._messages.get(int(digits, 16))
        except ValueError as error:
            raise ServiceError(
                "ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is invalid.'
            ) from error

    def _hold(self, message: StoredMessage, visibility: int, now: float) -> None:
        message.receives += 1
        if message.first_received_at == NEVER:
            message.first_received_at = now
        message.received_at = now
        message.handle = f"{self._handles}{message.key:016x}{self._ids.token()}"
        message.place = MessagePlace.HELD
        self.in_flight += 1
        self._line.hold(message)
        self._hold_until(message, now + visibility)

    def _hold_until(self, message: StoredMessage, end: float) -> None:
        message.visible_at = end
        self._ends.push(message, len(self._messages))

    def _show(self, message: StoredMessage) -> None:
        held = message.place is MessagePlace.HELD
        message.place = MessagePlace.VISIBLE
        message.visible_at = NEVER
        self._line.join(message)
        if held:
            self._let_go(message)
        else:
            self.delayed -= 1

    def _let_go(self, message: StoredMessage) -> None:
        if self._line.free(message) or self.in_flight >= IN_FLIGHT:
            self.stirred.add(self.name)
        self.in_flight -= 1

    def _remove(self, message: StoredMessage) -> None:
        place, message.place, message.visible_at = message.place, MessagePlace.GONE, NEVER
        del self._messages[message.key]
        if place is MessagePlace.HELD:
            self._let_go(message)
        elif place is MessagePlace.DELAYED:
            self.delayed -= 1

    def _exhausted(self, message: StoredMessage) -> bool:
        policy = self.settings.redrive
        return policy is not None and message.receives - message.carried >= policy.most
