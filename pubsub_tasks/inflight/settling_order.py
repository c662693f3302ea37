"""Groups: on a FIFO queue, the order in which the messages of a group are settled. Pure.

A message is deleted, or sent to the dead-letter queue, only once every earlier message of its group in hand
is confirmed deleted. So after a crash the group comes again from the first message that was not deleted.
"""

from .in_flight_message import InFlightMessage


class Groups:
    """The messages in hand of each group, in the order received, without those that are let go."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[InFlightMessage, None]] = {}
        self._waiting: set[InFlightMessage] = set()

    @property
    def waiting(self) -> int:
        """How many settlements wait for an earlier message of their group."""
        return len(self._waiting)

    def join(self, held: InFlightMessage) -> None:
        """Add a message that was received. On a standard queue this does nothing."""
        if held.group is not None:
            self._lines.setdefault(held.group, {})[held] = None

    def admits(self, held: InFlightMessage) -> bool:
        """Whether it may be settled now; where it may not, `leave` returns it when it may."""
        line = self._lines.get(held.group) if held.group is not None else None
        if not line or held not in line or next(iter(line)) is held:
            return True
        self._waiting.add(held)
        return False

    def has_followers(self, held: InFlightMessage) -> bool:
        """Whether others of its group stand behind it."""
        return held.group is not None and len(self._lines.get(held.group, ())) > 1

    def leave(self, held: InFlightMessage) -> InFlightMessage | None:
        """Remove a message that is deleted; returns the next of its group if that waits to be settled."""
        if not self._remove(held):
            return None
        line = self._lines.get(held.group or "")
        following = next(iter(line)) if line else None
        if following not in self._waiting:
            return None
        self._waiting.discard(following)
        return following

    def cut(self, held: InFlightMessage) -> list[InFlightMessage]:
        """Remove a message that may come again, and all behind it; returns those behind it.

        They are marked: each must come again too. So is the message itself, unless it is the first of its
        group: that one may still be deleted, since nothing in hand is before it.
        """
        line = self._lines.get(held.group) if held.group is not None else None
        if not line or held not in line:
            return []
        order = list(line)
        place = order.index(held)
        for each in order[place:]:
            self._remove(each)
        for each in order[max(place, 1) :]:
            each.returns = True
        return order[place + 1 :]

    def _remove(self, held: InFlightMessage) -> bool:
        line = self._lines.get(held.group) if held.group is not None else None
        if line is None or held not in line:
            return False
        del line[held]
        self._waiting.discard(held)
        if not line:
            del self._lines[held.group or ""]
        return True
