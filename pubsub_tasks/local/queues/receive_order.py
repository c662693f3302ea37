"""Lines: in which order visible messages are handed out. Knows no clock, no handle and no count.

A standard queue has an `StandardOrder`, a FIFO queue a `FifoOrder`. A message that has gone while it stood in
line is dropped when it comes up.
"""

from collections import deque
from heapq import heappop, heappush
from typing import Protocol

from .stored_message import MessagePlace, StoredMessage


class ReceiveOrder(Protocol):
    """Visible messages, first one first."""

    def join(self, message: StoredMessage) -> None:
        """The message is visible from now on."""
        ...

    def first(self) -> StoredMessage | None:
        """The next message that may be received; it stays in line."""
        ...

    def take(self) -> StoredMessage:
        """Take out what `first` has just shown."""
        ...

    def hold(self, message: StoredMessage) -> None:
        """A message that was taken is in flight."""
        ...

    def free(self, message: StoredMessage) -> bool:
        """A message is no longer in flight; True where others may be received because of it."""
        ...

    def close(self) -> None:
        """One receive is over."""
        ...


class StandardOrder:
    """The order of a standard queue: as they became visible, a returned message behind the others.

    SQS promises no order here. Behind is fairer than in front: what fails again and again starves nobody.
    """

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages: deque[StoredMessage] = deque()

    def join(self, message: StoredMessage) -> None:
        self._messages.append(message)

    def first(self) -> StoredMessage | None:
        while self._messages:
            if self._messages[0].place is MessagePlace.VISIBLE:
                return self._messages[0]
            self._messages.popleft()
        return None

    def take(self) -> StoredMessage:
        return self._messages.popleft()

    def hold(self, message: StoredMessage) -> None:
        """Nobody waits for it."""

    def free(self, message: StoredMessage) -> bool:
        return False

    def close(self) -> None:
        """Nothing is locked."""


class _MessageGroup:
    """One message group: its visible messages by their place in the queue, and how many are in flight."""

    __slots__ = ("held", "listed", "messages", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.messages: list[tuple[int, StoredMessage]] = []
        self.held = 0
        self.listed = False

    def first(self) -> StoredMessage | None:
        while self.messages:
            if self.messages[0][1].place is MessagePlace.VISIBLE:
                return self.messages[0][1]
            heappop(self.messages)
        return None


class FifoOrder:
    """The order of a FIFO queue: strict within a group, and nothing of a group while any of it is in flight.

    One receive may take several messages of a group, in order (ReceiveMessage); groups take turns.
    """

    __slots__ = ("_groups", "_ready")

    def __init__(self) -> None:
        self._groups: dict[str, _MessageGroup] = {}
        self._ready: deque[_MessageGroup] = deque()

    def join(self, message: StoredMessage) -> None:
        group = self._group(message)
        heappush(group.messages, (message.key, message))
        self._list(group)

    def first(self) -> StoredMessage | None:
        while self._ready:
            message = self._ready[0].first()
            if message is not None:
                return message
            self._leave(self._ready.popleft())
        return None

    def take(self) -> StoredMessage:
        return heappop(self._ready[0].messages)[1]

    def hold(self, message: StoredMessage) -> None:
        self._group(message).held += 1

    def free(self, message: StoredMessage) -> bool:
        group = self._group(message)
        group.held -= 1
        return self._list(group)

    def close(self) -> None:
        if self._ready and self._ready[0].held:
            self._leave(self._ready.popleft())

    def _group(self, message: StoredMessage) -> _MessageGroup:
        name = message.group or ""
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _MessageGroup(name)
        return group

    def _list(self, group: _MessageGroup) -> bool:
        if group.held or group.listed:
            return False
        if group.messages:
            group.listed = True
            self._ready.append(group)
        else:
            del self._groups[group.name]
        return group.listed

    def _leave(self, group: _MessageGroup) -> None:
        group.listed = False
        if not (group.held or group.messages):
            del self._groups[group.name]
