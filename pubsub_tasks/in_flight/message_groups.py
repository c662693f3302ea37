"""The order of each message group of a FIFO queue: one head, which may start, and its followers behind it.

Items are kept in the order in which they were received. No item may start past one that was taken out of the
middle, so an item is taken out together with its followers.
"""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

H = TypeVar("H", bound=Hashable)


class GroupOrder(Generic[H]):
    """The items of each group, in the order received."""

    def __init__(self) -> None:
        self._groups: dict[str, deque[H]] = {}

    def add(self, group: str, item: H) -> bool:
        """Add an item at the end of its group; returns True if it is the head."""
        items = self._groups.setdefault(group, deque())
        items.append(item)
        return len(items) == 1

    def remove_head(self, group: str, item: H) -> H | None:
        """Remove the item if it is the head; returns the new head, or None."""
        items = self._groups.get(group)
        if not items or items[0] is not item:
            return None
        items.popleft()
        if items:
            return items[0]
        del self._groups[group]
        return None

    def remove_followers(self, group: str, item: H) -> list[H]:
        """Remove all items behind this one and return them, in order."""
        items = self._groups.get(group)
        if items is None or item not in items:
            return []
        followers: list[H] = []
        while items[-1] is not item:
            followers.append(items.pop())
        return followers[::-1]

    def remove_last(self, group: str, item: H) -> None:
        """Remove the last item of a group. Raises ValueError if others are behind it."""
        items = self._groups[group]
        if items[-1] is not item:
            raise ValueError(f"other items are behind {item!r} in group {group!r}; remove them first")
        items.pop()
        if not items:
            del self._groups[group]
