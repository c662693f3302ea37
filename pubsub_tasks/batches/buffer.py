"""What waits to be sent in a batch. No I/O; `now` is a parameter.

A full batch is due at once, a smaller one when its oldest item has lingered long enough, and what failed is
due again after a back-off of its own. Nothing is ever forgotten here: an item leaves by `take` alone.
"""

import heapq
from collections import deque
from itertools import count
from typing import Generic, TypeVar

from ..wire.records import MAX_BATCH

T = TypeVar("T")


class BatchBuffer(Generic[T]):
    """Items by the time at which they are due."""

    def __init__(self, linger: float) -> None:
        self._linger = linger
        self._fresh: deque[tuple[float, T]] = deque()
        self._later: list[tuple[float, int, T]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._fresh) + len(self._later)

    def put(self, item: T, now: float) -> None:
        """Add an item; it lingers for company."""
        self._fresh.append((now + self._linger, item))

    def put_later(self, item: T, at: float) -> None:
        """Add an item that must not go before the given time."""
        heapq.heappush(self._later, (at, next(self._order), item))

    def hurry(self, at: float) -> None:
        """Let nothing that backs off wait beyond the given time."""
        self._later = [(min(due, at), order, item) for due, order, item in self._later]
        heapq.heapify(self._later)

    @property
    def full(self) -> bool:
        """True when a whole batch waits, whatever the time."""
        return len(self._fresh) >= MAX_BATCH

    def wake_at(self) -> float | None:
        """When `take` has something to give, or None; a full batch is due at any time."""
        times = [box[0][0] for box in (self._fresh, self._later) if box]
        return min(times) if times else None

    def take(self, now: float, everything: bool = False) -> list[list[T]]:
        """The batches that are due; with `everything`, all but what is backing off."""
        while self._later and self._later[0][0] <= now:
            self._fresh.appendleft((now, heapq.heappop(self._later)[2]))
        batches = []
        while self._fresh and (self.full or everything or self._fresh[0][0] <= now):
            size = min(MAX_BATCH, len(self._fresh))
            batches.append([self._fresh.popleft()[1] for _ in range(size)])
        return batches
