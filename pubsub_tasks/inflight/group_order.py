"""GroupOrder: on a FIFO queue, which message of a group may start. Pure, and it knows order alone.

Of each group one message has the lane, the head; the others stand behind it in the order received. A message
that is taken out from the middle leaves a gap over which no other may start, so whoever takes one out takes
those behind it as well.
"""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

H = TypeVar("H", bound=Hashable)


class GroupOrder(Generic[H]):
    """The groups in hand, each with its line."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[H]] = {}

    def join(self, group: str, item: H) -> bool:
        """Stand at the end of the line; True when that is also its head, which may start."""
        line = self._lines.setdefault(group, deque())
        line.append(item)
        return len(line) == 1

    def leave(self, group: str, item: H) -> H | None:
        """The head is done; the next head, which may start, or None."""
        line = self._lines.get(group)
        if not line or line[0] is not item:
            return None
        line.popleft()
        if line:
            return line[0]
        del self._lines[group]
        return None

    def cut_behind(self, group: str, item: H) -> list[H]:
        """Take out all that stand behind this one, in order."""
        line = self._lines.get(group)
        if line is None or item not in line:
            return []
        behind: list[H] = []
        while line[-1] is not item:
            behind.append(line.pop())
        return behind[::-1]

    def cut(self, group: str, item: H) -> None:
        """Take this one out; it must be the last of its line, so that no gap is left."""
        line = self._lines[group]
        if line[-1] is not item:
            raise ValueError(f"others stand behind it in group {group!r}")
        line.pop()
        if not line:
            del self._lines[group]
