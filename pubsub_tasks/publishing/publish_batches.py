"""Batches of messages to publish, separate for each topic or queue."""

from collections.abc import Iterator

from ..batches.grouped_batches import GroupedBatches
from ..wire.records import MAX_BATCH
from .prepared_message import PreparedMessage, ScheduledDestination

FIFO_WINDOW = 100
"""Messages for a FIFO topic that are collected in search of ten with different message groups."""


class PublishBatches:
    """Collects messages and returns each batch as soon as it is full."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes` is the limit for all entries of one call together."""
        self._max_bytes = max_bytes
        self._waiting: dict[str | ScheduledDestination, GroupedBatches[PreparedMessage]] = {}

    def put(self, prepared: PreparedMessage) -> Iterator[list[PreparedMessage]]:
        """Add a message; yields the batches that are to be sent now."""
        waiting = self._waiting.get(prepared.destination)
        if waiting is None:
            waiting = self._waiting[prepared.destination] = GroupedBatches(self._max_bytes)
        waiting.add(prepared)
        enough = MAX_BATCH if prepared.group is None else FIFO_WINDOW
        while len(waiting) >= enough or waiting.size >= self._max_bytes:
            yield waiting.next()

    def rest(self) -> Iterator[list[PreparedMessage]]:
        """Yield batches until no message is left."""
        for waiting in self._waiting.values():
            while waiting:
                yield waiting.next()
