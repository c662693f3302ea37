"""Cuts entries into batches that one call accepts, without reordering a message group.

A batch has up to ten entries, no more bytes than a call accepts, and at most one entry of a message group.
If it had two and the service rejected only the first, the second would overtake it.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable
from itertools import islice
from typing import Generic, Protocol, TypeVar

from ..wire.records import MAX_BATCH

LOOK_AHEAD = 100
"""Groups in which to look for an entry that fits, so that a long queue of large entries is not read whole."""


class Batchable(Protocol):
    """An entry of a batch call."""

    @property
    def size(self) -> int:
        """Bytes that count towards the limit of a call."""
        ...

    @property
    def group(self) -> Hashable:
        """The message group within which order counts; None if it does not."""
        ...


Entry = TypeVar("Entry", bound=Batchable)


class GroupedBatches(Generic[Entry]):
    """Entries that wait for a call. Groups take turns; an entry without a group is one of its own.

    Attributes:
        size: bytes of all entries that wait.
    """

    def __init__(self, max_bytes: int, entries: Iterable[Entry] = ()) -> None:
        """`max_bytes` is the limit for all entries of one call together."""
        self._max_bytes = max_bytes
        self._groups: OrderedDict[Hashable, deque[Entry]] = OrderedDict()
        self._count = 0
        self.size = 0
        for entry in entries:
            self.add(entry)

    def __len__(self) -> int:
        return self._count

    def add(self, entry: Entry) -> None:
        """Add an entry behind those of its group."""
        group = entry.group
        if group is None:
            group = object()
        self._groups.setdefault(group, deque()).append(entry)
        self._count += 1
        self.size += entry.size

    def next(self, limit: int = MAX_BATCH) -> list[Entry]:
        """Take the next batch of up to `limit` entries; empty if none are left.

        An entry that is over the limit of a call goes alone, for the service to reject.
        """
        batch: list[Entry] = []
        room = self._max_bytes
        for group in list(islice(self._groups, LOOK_AHEAD)):
            if len(batch) == min(limit, MAX_BATCH):
                break
            size = self._groups[group][0].size
            if not batch or size <= room:
                batch.append(self._take(group))
                room -= size
        return batch

    def close(self, group: Hashable) -> list[Entry]:
        """Remove and return the entries of a group, because an earlier entry of it failed."""
        removed = list(self._groups.pop(group, ()))
        self._count -= len(removed)
        self.size -= sum(entry.size for entry in removed)
        return removed

    @property
    def waiting(self) -> list[Entry]:
        """The entries that are left, group by group."""
        return [entry for entries in self._groups.values() for entry in entries]

    def _take(self, group: Hashable) -> Entry:
        entries = self._groups[group]
        entry = entries.popleft()
        if entries:
            self._groups.move_to_end(group)
        else:
            del self._groups[group]
        self._count -= 1
        self.size -= entry.size
        return entry
