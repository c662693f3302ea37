"""Timers: messages by a moment. Knows nothing of what happens then.

Entries are never looked for: one that no longer holds is skipped when it comes up, and all such are swept
when they outnumber the messages twice, so that a push stays logarithmic and memory follows the queue.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from .stored_message import NEVER, MessagePlace, StoredMessage

Entry = tuple[float, int, StoredMessage]


def sent(message: StoredMessage) -> float:
    """The moment from which a message's retention counts."""
    return message.sent_at if message.place is not MessagePlace.GONE else NEVER


def visible(message: StoredMessage) -> float:
    """The moment at which a delay or a hold ends."""
    return message.visible_at


class Timers:
    """A heap of messages by a moment that may change under it."""

    __slots__ = ("_heap", "_moment")

    def __init__(self, moment: Callable[[StoredMessage], float]) -> None:
        self._moment = moment
        self._heap: list[Entry] = []

    def push(self, message: StoredMessage, living: int) -> None:
        """Note the message's moment; `living` is how many messages the queue has."""
        if len(self._heap) > 64 + 2 * living:
            valid = {entry[1]: entry for entry in self._heap if self._moment(entry[2]) == entry[0]}
            self._heap = list(valid.values())
            heapify(self._heap)
        heappush(self._heap, (self._moment(message), message.key, message))

    def due(self, now: float) -> StoredMessage | None:
        """The first message whose moment has come, taken out; None where there is none."""
        while self._heap and self._heap[0][0] <= now:
            at, _, message = heappop(self._heap)
            if self._moment(message) == at:
                return message
        return None

    def earliest(self) -> float | None:
        """The next moment of all, or None."""
        while self._heap:
            at, _, message = self._heap[0]
            if self._moment(message) == at:
                return at
            heappop(self._heap)
        return None

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
