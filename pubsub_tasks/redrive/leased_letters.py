"""LeasedLetters: letters that were received, and are kept from others until they are deleted or put back.

A letter in hand is invisible to everybody else for as long as this process lives; a thread sees to that. When
it dies, they come back by themselves. Knows one queue, and not what the letters are for.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TypeVar

from ..errors import PubSubTasksError
from ..transports.protocols import Queue
from ..wire.records import MAX_BATCH, EntryFailure, Record

VISIBILITY = 180
"""Seconds after which the letters of a process that was killed come back."""

T = TypeVar("T")

_MARGIN = 15.0
"""Seconds of lease that a letter must have left for anything to be begun with it."""

_LOST = EntryFailure("LeaseLost", "somebody else received it meanwhile", retriable=False, lost=True)
_LATE = EntryFailure("LeaseLost", "its lease ran out before its delete", retriable=False, lost=True)


@dataclass(slots=True)
class _LeasedLetter:
    handle: str
    until: float


class LeasedLetters:
    """Letters of one queue in hand. Its owner is one thread; the keeper is another."""

    def __init__(self, queue: Queue, clock: Callable[[], float], visibility: int = VISIBILITY) -> None:
        self.queue = queue
        self._clock = clock
        self._visibility = visibility
        self._holds: dict[str, _LeasedLetter] = {}
        self._lock = Lock()
        self._ending = Event()

    def __len__(self) -> int:
        return len(self._holds)

    def take(self, limit: int, wait: int) -> list[Record]:
        """Receive up to `limit`, waiting up to `wait` seconds; those already in hand are not given again.

        Raises ReceiveFailed.
        """
        until = self._clock() + self._visibility
        records = self.queue.receive(min(limit, MAX_BATCH), wait, self._visibility)
        with self._lock:
            fresh = [record for record in records if record.message_id not in self._holds]
            for record in records:
                self._holds[record.message_id] = _LeasedLetter(record.receipt_handle, until)
        return fresh

    def has(self, record: Record) -> bool:
        """Whether it is ours, and for long enough to begin something with it."""
        hold = self._holds.get(record.message_id)
        return hold is not None and hold.until - self._clock() > _MARGIN

    def delete(self, records: Sequence[Record]) -> list[EntryFailure | None]:
        """Delete up to ten. One whose lease ran out counts as lost: SQS may say yes and not delete it.

        Raises SettleFailed.
        """
        with self._lock:
            holds = [self._holds.get(record.message_id) for record in records]
        present = [(record, hold) for record, hold in zip(records, holds, strict=True) if hold]
        answers = self.queue.delete([hold.handle for _, hold in present]) if present else []
        now = self._clock()
        fates = {
            record.message_id: _LATE if answer is None and hold.until <= now else answer
            for (record, hold), answer in zip(present, answers, strict=True)
        }
        for message_id, failure in fates.items():
            if failure is None or failure.lost:
                self._forget(message_id)
        return [fates.get(record.message_id, _LOST) for record in records]

    def extend(self) -> None:
        """Extend what has half of its time or less left; what cannot be extended any more is forgotten."""
        now = self._clock()
        with self._lock:
            due = {
                message_id: hold.handle
                for message_id, hold in self._holds.items()
                if hold.until - now <= self._visibility / 2
            }
        for batch in _batches(list(due.items())):
            if self._ending.is_set():
                return
            try:
                until = self._clock() + self._visibility
                answers = self.queue.change_visibility([(handle, self._visibility) for _, handle in batch])
            except Exception:  # a bug too must not end the thread that keeps the leases
                continue  # the next time will do, and if it does not, `has` says so
            for (message_id, handle), failure in zip(batch, answers, strict=True):
                self._extended(message_id, handle, until, failure)

    def put_back(self, records: Sequence[Record] | None = None) -> int:
        """Make these visible again, or all; returns how many come back only when their time is over."""
        with self._lock:
            wanted = list(self._holds) if records is None else [record.message_id for record in records]
            holds = [self._holds.pop(message_id) for message_id in wanted if message_id in self._holds]
        # The handle of a lease that ran out might end somebody else's.
        handles = [hold.handle for hold in holds if hold.until > self._clock()]
        late = 0
        for batch in _batches(handles):
            try:
                answers = self.queue.change_visibility([(handle, 0) for handle in batch])
            except PubSubTasksError:
                late += len(batch)
                continue
            late += sum(1 for failure in answers if failure and not failure.lost)
        return late

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Extend in a thread as long as the block runs, and not at all after it."""

        def keep() -> None:
            while not self._ending.wait(self._visibility / 12):
                self.extend()

        keeper = Thread(target=keep, name="letters-leases", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._ending.set()
            keeper.join()

    def _extended(self, message_id: str, handle: str, until: float, failure: EntryFailure | None) -> None:
        with self._lock:
            hold = self._holds.get(message_id)
            if hold is None or hold.handle != handle:
                return
            if failure is None:
                hold.until = until
            elif failure.lost:
                del self._holds[message_id]

    def _forget(self, message_id: str) -> None:
        with self._lock:
            self._holds.pop(message_id, None)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), MAX_BATCH):
        yield items[start : start + MAX_BATCH]
