"""A mapping whose entries expire, for deduplication and repeated receives."""

from collections import deque
from typing import Generic, TypeVar

from .limits import RECENT

K = TypeVar("K")
V = TypeVar("V")


class RecentKeys(Generic[K, V]):
    """A mapping whose entries expire after `seconds`, by default five minutes.

    Every operation takes constant time, amortized over the calls. `now` must not decrease.
    """

    def __init__(self, seconds: float = RECENT) -> None:
        self._seconds = seconds
        self._entries: dict[K, tuple[float, V]] = {}
        self._order: deque[tuple[float, K]] = deque()

    def find(self, key: K, now: float) -> V | None:
        """The value of the key, or None if it is absent or has expired."""
        self._forget(now)
        entry = self._entries.get(key)
        return entry[1] if entry else None

    def remember(self, key: K, value: V, now: float) -> None:
        """Set the value of the key; its time starts now."""
        until = now + self._seconds
        self._entries[key] = (until, value)
        self._order.append((until, key))

    def _forget(self, now: float) -> None:
        while self._order and self._order[0][0] <= now:
            until, key = self._order.popleft()
            entry = self._entries.get(key)
            if entry and entry[0] == until:
                del self._entries[key]
