"""MoveBatches: what goes in the next call. Pure; knows limits and order, and no queue.

Where order counts, a batch has at most one of each group, so that a refused head never lets a follower pass.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ..wire.records import MAX_BATCH, Outgoing, Record

MAX_BATCH_BYTES = 1_048_576
"""Of all entries of one call together. Source: SQS API reference, SendMessageBatch."""


@dataclass(frozen=True, slots=True)
class MoveItem:
    """What is to be done about one letter: send `outgoing`, delete `record`, or one after the other.

    `id` is what people call it. `group` is the order that it stands in, None for none.
    """

    id: str
    record: Record | None = None
    outgoing: Outgoing | None = None
    group: str | None = None

    @property
    def size(self) -> int:
        """Bytes to send."""
        return self.outgoing.size if self.outgoing else 0


class MoveBatches:
    """Items in lines, one for each group; an item without a group stands alone."""

    def __init__(self, items: Iterable[MoveItem]) -> None:
        self._lines: dict[str | int, deque[MoveItem]] = {}
        for index, item in enumerate(items):
            self._lines.setdefault(index if item.group is None else item.group, deque()).append(item)
        self._turns = deque(self._lines)

    def __bool__(self) -> bool:
        return bool(self._turns)

    def next(self, most: int = MAX_BATCH) -> list[MoveItem]:
        """The next batch of up to `most`, empty when nothing is left. What is too large goes alone."""
        batch: list[MoveItem] = []
        turns = []
        size = 0
        while self._turns and len(batch) < min(most, MAX_BATCH):
            item = self._lines[self._turns[0]][0]
            size += item.size
            if batch and size > MAX_BATCH_BYTES:
                break
            turns.append(self._turns.popleft())
            batch.append(self._lines[turns[-1]].popleft())
        self._turns.extend(turn for turn in turns if self._lines[turn])
        return batch

    def close(self, group: str | None) -> list[MoveItem]:
        """Take out what stands in this group's line: nothing may pass the one that did not go."""
        if group is None or not self._lines.get(group):
            return []
        self._turns.remove(group)
        return list(self._lines.pop(group))

    @property
    def left(self) -> list[MoveItem]:
        """What has not been taken, group by group."""
        return [item for turn in self._turns for item in self._lines[turn]]
