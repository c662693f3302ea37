"""Collects items for batch calls and returns the batches that are due. No I/O; `now` is a parameter.

A full batch is due at once, a smaller one when its oldest item has waited for the linger time, and an item
that failed after its back-off. Items leave only by `take`, so none is lost here.
"""

import heapq
from collections import deque
from itertools import count
from typing import Generic, TypeVar

from ..wire.records import MAX_BATCH

T = TypeVar("T")


class BatchBuffer(Generic[T]):
    """Items, each with the time at which it is due."""

    def __init__(self, linger: float) -> None:
        """`linger` is in seconds."""
        self._linger = linger
        self._lingering: deque[tuple[float, T]] = deque()
        self._delayed: list[tuple[float, int, T]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._lingering) + len(self._delayed)

    def put(self, item: T, now: float) -> None:
        """Add an item. It waits up to the linger time for others to share its batch."""
        self._lingering.append((now + self._linger, item))

    def put_later(self, item: T, at: float) -> None:
        """Add an item that is not due before the given time."""
        heapq.heappush(self._delayed, (at, next(self._order), item))

    def hurry(self, at: float) -> None:
        """Make items that back off due at the given time at the latest."""
        self._delayed = [(min(due, at), order, item) for due, order, item in self._delayed]
        heapq.heapify(self._delayed)

    @property
    def full(self) -> bool:
        """True if a full batch waits, which is due at any time."""
        return len(self._lingering) >= MAX_BATCH

    def wake_at(self) -> float | None:
        """The time at which the next item is due; None if there is none. A full batch may be due earlier."""
        times = [items[0][0] for items in (self._lingering, self._delayed) if items]
        return min(times) if times else None

    def take(self, now: float, everything: bool = False) -> list[list[T]]:
        """Remove and return the batches that are due; with `everything`, also those that still linger."""
        while self._delayed and self._delayed[0][0] <= now:
            self._lingering.appendleft((now, heapq.heappop(self._delayed)[2]))
        batches = []
        while self._lingering and (self.full or everything or self._lingering[0][0] <= now):
            size = min(MAX_BATCH, len(self._lingering))
            batches.append([self._lingering.popleft()[1] for _ in range(size)])
        return batches
