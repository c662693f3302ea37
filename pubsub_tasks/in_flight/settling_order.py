"""The order in which the messages of a FIFO group are settled.

A message is deleted, or sent to the dead-letter queue, only after every earlier message of its group in
flight is confirmed deleted. So after a crash the group is received again from the first message that was not
deleted.
"""

from .in_flight_message import InFlightMessage


class SettlingOrder:
    """The messages in flight of each group, in the order received, except those that are given back."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[InFlightMessage, None]] = {}
        self._waiting: set[InFlightMessage] = set()

    @property
    def waiting(self) -> int:
        """Number of settlements that wait for an earlier message of their group."""
        return len(self._waiting)

    def add(self, message: InFlightMessage) -> None:
        """Add a message that was received. On a standard queue this does nothing."""
        if message.group is not None:
            self._groups.setdefault(message.group, {})[message] = None

    def admit(self, message: InFlightMessage) -> bool:
        """Return True if the message may be settled now; otherwise `remove_head` returns it when it may."""
        group = self._group_of(message)
        if group is None or next(iter(group)) is message:
            return True
        self._waiting.add(message)
        return False

    def has_followers(self, message: InFlightMessage) -> bool:
        """Whether its group holds other messages."""
        return message.group is not None and len(self._groups.get(message.group, ())) > 1

    def remove_head(self, message: InFlightMessage) -> InFlightMessage | None:
        """Remove a message that is deleted; returns the next of its group if that waits to be settled."""
        if not self._remove(message):
            return None
        group = self._groups.get(message.group or "")
        following = next(iter(group)) if group else None
        if following not in self._waiting:
            return None
        self._waiting.discard(following)
        return following

    def truncate(self, message: InFlightMessage) -> list[InFlightMessage]:
        """Remove a message that may become visible again and all behind it; returns those behind it.

        All of them must return as well, so `must_return` is set. The message itself is exempt if it is the
        first of its group: it may still be deleted, since nothing in flight is before it.
        """
        group = self._group_of(message)
        if group is None:
            return []
        order = list(group)
        place = order.index(message)
        for each in order[place:]:
            self._remove(each)
        for each in order[max(place, 1) :]:
            each.must_return = True
        return order[place + 1 :]

    def _group_of(self, message: InFlightMessage) -> dict[InFlightMessage, None] | None:
        group = self._groups.get(message.group) if message.group is not None else None
        return group if group is not None and message in group else None

    def _remove(self, message: InFlightMessage) -> bool:
        group = self._group_of(message)
        if group is None:
            return False
        del group[message]
        self._waiting.discard(message)
        if not group:
            del self._groups[message.group or ""]
        return True
