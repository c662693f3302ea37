"""RecentKeys: what is remembered for some minutes and then forgotten. Knows not what it is for."""

from collections import deque
from typing import Generic, TypeVar

from .limits import RECENT

K = TypeVar("K")
V = TypeVar("V")


class RecentKeys(Generic[K, V]):
    """A mapping whose entries lapse; every operation takes constant time, spread over the calls.

    Serves deduplication, and receives that can be asked for again; both last five minutes.
    """

    def __init__(self, seconds: float = RECENT) -> None:
        self._seconds = seconds
        self._entries: dict[K, tuple[float, V]] = {}
        self._order: deque[tuple[float, K]] = deque()

    def find(self, key: K, now: float) -> V | None:
        """What was remembered under the key less than five minutes ago."""
        self._forget(now)
        entry = self._entries.get(key)
        return entry[1] if entry else None

    def remember(self, key: K, value: V, now: float) -> None:
        """Keep the value, and count its five minutes from now."""
        until = now + self._seconds
        self._entries[key] = (until, value)
        self._order.append((until, key))

    def _forget(self, now: float) -> None:
        while self._order and self._order[0][0] <= now:
            until, key = self._order.popleft()
            entry = self._entries.get(key)
            if entry and entry[0] == until:
                del self._entries[key]
