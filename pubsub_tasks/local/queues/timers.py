"""A heap of messages ordered by a time that may change, such as the end of a visibility timeout.

Changed entries are not searched for: a stale one is skipped when it is due, and all stale ones are removed
once the heap is twice as long as the queue. A push takes logarithmic time, and memory follows the queue.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from .stored_message import NEVER, MessagePlace, StoredMessage

Entry = tuple[float, int, StoredMessage]


def sent(message: StoredMessage) -> float:
    """The time at which a message's retention starts."""
    return message.sent_at if message.place is not MessagePlace.GONE else NEVER


def visible(message: StoredMessage) -> float:
    """The time at which a message's delay or visibility timeout ends."""
    return message.visible_at


class Timers:
    """A heap of messages by a time that may change."""

    __slots__ = ("_heap", "_time_of")

    def __init__(self, time_of: Callable[[StoredMessage], float]) -> None:
        self._time_of = time_of
        self._heap: list[Entry] = []

    def push(self, message: StoredMessage, size: int) -> None:
        """Add the message at its current time; `size` is the number of messages in the queue."""
        if len(self._heap) > 64 + 2 * size:
            valid = {entry[1]: entry for entry in self._heap if self._time_of(entry[2]) == entry[0]}
            self._heap = list(valid.values())
            heapify(self._heap)
        heappush(self._heap, (self._time_of(message), message.key, message))

    def due(self, now: float) -> StoredMessage | None:
        """Remove and return the first message whose time has come; None if there is none."""
        while self._heap and self._heap[0][0] <= now:
            at, _, message = heappop(self._heap)
            if self._time_of(message) == at:
                return message
        return None

    def earliest(self) -> float | None:
        """The earliest time, or None."""
        while self._heap:
            at, _, message = self._heap[0]
            if self._time_of(message) == at:
                return at
            heappop(self._heap)
        return None

    def clear(self) -> None:
        """Remove all entries."""
        self._heap.clear()
