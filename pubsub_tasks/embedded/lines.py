"""Lines: in which order visible messages are handed out. Knows no clock, no handle and no count.

A standard queue has an `OpenLine`, a FIFO queue a `GroupLine`. A message that has gone while it stood in
line is dropped when it comes up.
"""

from collections import deque
from heapq import heappop, heappush
from typing import Protocol

from .message import Message, Place


class Line(Protocol):
    """Visible messages, first one first."""

    def join(self, message: Message) -> None:
        """The message is visible from now on."""
        ...

    def first(self) -> Message | None:
        """The next message that may be received; it stays in line."""
        ...

    def take(self) -> Message:
        """Take out what `first` has just shown."""
        ...

    def hold(self, message: Message) -> None:
        """A message that was taken is in flight."""
        ...

    def free(self, message: Message) -> bool:
        """A message is no longer in flight; True where others may be received because of it."""
        ...

    def close(self) -> None:
        """One receive is over."""
        ...


class OpenLine:
    """The order of a standard queue: as they became visible, a returned message behind the others.

    SQS promises no order here. Behind is fairer than in front: what fails again and again starves nobody.
    """

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()

    def join(self, message: Message) -> None:
        self._messages.append(message)

    def first(self) -> Message | None:
        while self._messages:
            if self._messages[0].place is Place.VISIBLE:
                return self._messages[0]
            self._messages.popleft()
        return None

    def take(self) -> Message:
        return self._messages.popleft()

    def hold(self, message: Message) -> None:
        """Nobody waits for it."""

    def free(self, message: Message) -> bool:
        return False

    def close(self) -> None:
        """Nothing is locked."""


class _Group:
    """One message group: its visible messages by their place in the queue, and how many are in flight."""

    __slots__ = ("held", "listed", "messages", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.messages: list[tuple[int, Message]] = []
        self.held = 0
        self.listed = False

    def first(self) -> Message | None:
        while self.messages:
            if self.messages[0][1].place is Place.VISIBLE:
                return self.messages[0][1]
            heappop(self.messages)
        return None


class GroupLine:
    """The order of a FIFO queue: strict within a group, and nothing of a group while any of it is in flight.

    One receive may take several messages of a group, in order (ReceiveMessage); groups take turns.
    """

    __slots__ = ("_groups", "_ready")

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._ready: deque[_Group] = deque()

    def join(self, message: Message) -> None:
        group = self._group(message)
        heappush(group.messages, (message.key, message))
        self._list(group)

    def first(self) -> Message | None:
        while self._ready:
            message = self._ready[0].first()
            if message is not None:
                return message
            self._leave(self._ready.popleft())
        return None

    def take(self) -> Message:
        return heappop(self._ready[0].messages)[1]

    def hold(self, message: Message) -> None:
        self._group(message).held += 1

    def free(self, message: Message) -> bool:
        group = self._group(message)
        group.held -= 1
        return self._list(group)

    def close(self) -> None:
        if self._ready and self._ready[0].held:
            self._leave(self._ready.popleft())

    def _group(self, message: Message) -> _Group:
        name = message.group or ""
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Group(name)
        return group

    def _list(self, group: _Group) -> bool:
        if group.held or group.listed:
            return False
        if group.messages:
            group.listed = True
            self._ready.append(group)
        else:
            del self._groups[group.name]
        return group.listed

    def _leave(self, group: _Group) -> None:
        group.listed = False
        if not (group.held or group.messages):
            del self._groups[group.name]
