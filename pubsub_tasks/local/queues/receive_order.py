"""The order in which a queue's visible messages are received.

A standard queue has a `StandardOrder`, a FIFO queue a `FifoOrder`. A message that is deleted or expires while
it is listed here is skipped when its turn comes.
"""

from collections import deque
from heapq import heappop, heappush
from typing import Protocol

from .stored_message import MessagePlace, StoredMessage


class ReceiveOrder(Protocol):
    """The visible messages of a queue, in the order in which they are received."""

    def add(self, message: StoredMessage) -> None:
        """Add a message that has become visible."""
        ...

    def first(self) -> StoredMessage | None:
        """The next message that may be received, or None. It stays listed."""
        ...

    def take(self) -> StoredMessage:
        """Remove and return the message that `first` has just returned."""
        ...

    def start_in_flight(self, message: StoredMessage) -> None:
        """Note that a taken message is in flight."""
        ...

    def end_in_flight(self, message: StoredMessage) -> bool:
        """Note that a message is no longer in flight.

        Returns True if this makes other messages receivable.
        """
        ...

    def end_receive(self) -> None:
        """Note the end of one receive call."""
        ...


class StandardOrder:
    """The order of a standard queue: messages are received in the order in which they became visible.

    SQS promises no order here. A message that becomes visible again goes to the end, so that one that keeps
    failing does not starve the others.
    """

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages: deque[StoredMessage] = deque()

    def add(self, message: StoredMessage) -> None:
        self._messages.append(message)

    def first(self) -> StoredMessage | None:
        while self._messages:
            if self._messages[0].place is MessagePlace.VISIBLE:
                return self._messages[0]
            self._messages.popleft()
        return None

    def take(self) -> StoredMessage:
        return self._messages.popleft()

    def start_in_flight(self, message: StoredMessage) -> None:
        """Does nothing: no other message waits for it."""

    def end_in_flight(self, message: StoredMessage) -> bool:
        return False

    def end_receive(self) -> None:
        """Does nothing: a receive locks no group."""


class _MessageGroup:
    """One message group: its visible messages in queue order, and how many are in flight."""

    __slots__ = ("in_flight", "listed", "messages", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.messages: list[tuple[int, StoredMessage]] = []
        self.in_flight = 0
        self.listed = False

    def first(self) -> StoredMessage | None:
        while self.messages:
            if self.messages[0][1].place is MessagePlace.VISIBLE:
                return self.messages[0][1]
            heappop(self.messages)
        return None


class FifoOrder:
    """The order of a FIFO queue: strict within a group; a group with a message in flight is locked.

    One receive may take several messages of a group, in order (ReceiveMessage); groups take turns.
    """

    __slots__ = ("_groups", "_ready")

    def __init__(self) -> None:
        self._groups: dict[str, _MessageGroup] = {}
        self._ready: deque[_MessageGroup] = deque()

    def add(self, message: StoredMessage) -> None:
        group = self._group(message)
        heappush(group.messages, (message.key, message))
        self._list(group)

    def first(self) -> StoredMessage | None:
        while self._ready:
            message = self._ready[0].first()
            if message is not None:
                return message
            self._unlist(self._ready.popleft())
        return None

    def take(self) -> StoredMessage:
        return heappop(self._ready[0].messages)[1]

    def start_in_flight(self, message: StoredMessage) -> None:
        self._group(message).in_flight += 1

    def end_in_flight(self, message: StoredMessage) -> bool:
        group = self._group(message)
        group.in_flight -= 1
        return self._list(group)

    def end_receive(self) -> None:
        if self._ready and self._ready[0].in_flight:
            self._unlist(self._ready.popleft())

    def _group(self, message: StoredMessage) -> _MessageGroup:
        name = message.group or ""
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _MessageGroup(name)
        return group

    def _list(self, group: _MessageGroup) -> bool:
        if group.in_flight or group.listed:
            return False
        if group.messages:
            group.listed = True
            self._ready.append(group)
        else:
            del self._groups[group.name]
        return group.listed

    def _unlist(self, group: _MessageGroup) -> None:
        group.listed = False
        if not (group.in_flight or group.messages):
            del self._groups[group.name]
