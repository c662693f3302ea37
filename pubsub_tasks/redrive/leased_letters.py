"""Letters that were received and stay invisible to other consumers until they are deleted or released.

A thread renews their leases while the process lives; if it dies, SQS makes the letters visible again.
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
"""Visibility timeout in seconds: how long until the letters of a killed process are visible again."""

T = TypeVar("T")

_MARGIN = 15.0
"""Seconds that a lease must have left before anything is done with its letter."""

_LOST = EntryFailure("LeaseLost", "another consumer received it meanwhile", retriable=False, lost=True)
_EXPIRED = EntryFailure("LeaseLost", "its lease expired before the delete", retriable=False, lost=True)


@dataclass(slots=True)
class _Lease:
    receipt_handle: str
    expires_at: float


class LeasedLetters:
    """The leased letters of one queue. One thread uses them; another renews their leases."""

    def __init__(self, queue: Queue, clock: Callable[[], float], visibility: int = VISIBILITY) -> None:
        """`clock` returns epoch seconds; `visibility` is the visibility timeout in seconds."""
        self.queue = queue
        self._clock = clock
        self._visibility = visibility
        self._leases: dict[str, _Lease] = {}
        self._lock = Lock()
        self._closing = Event()

    def __len__(self) -> int:
        return len(self._leases)

    def receive(self, limit: int, wait: int) -> list[Record]:
        """Receive up to `limit` letters within `wait` seconds; those already leased are not returned again.

        Raises ReceiveFailed.
        """
        expires_at = self._clock() + self._visibility
        records = self.queue.receive(min(limit, MAX_BATCH), wait, self._visibility)
        with self._lock:
            fresh = [record for record in records if record.message_id not in self._leases]
            for record in records:
                self._leases[record.message_id] = _Lease(record.receipt_handle, expires_at)
        return fresh

    def is_leased(self, record: Record) -> bool:
        """Whether its lease lasts long enough to start working on it."""
        lease = self._leases.get(record.message_id)
        return lease is not None and lease.expires_at - self._clock() > _MARGIN

    def delete(self, records: Sequence[Record]) -> list[EntryFailure | None]:
        """Delete up to ten letters; returns None or the failure for each.

        An expired lease counts as lost: SQS may accept its receipt handle and not delete the letter.

        Raises SettleFailed.
        """
        with self._lock:
            leases = [self._leases.get(record.message_id) for record in records]
        leased = [(record, lease) for record, lease in zip(records, leases, strict=True) if lease]
        answers = self.queue.delete([lease.receipt_handle for _, lease in leased]) if leased else []
        now = self._clock()
        results = {
            record.message_id: _EXPIRED if answer is None and lease.expires_at <= now else answer
            for (record, lease), answer in zip(leased, answers, strict=True)
        }
        for message_id, failure in results.items():
            if failure is None or failure.lost:
                self._forget(message_id)
        return [results.get(record.message_id, _LOST) for record in records]

    def renew(self) -> None:
        """Renew each lease that has half of its time or less left; forget those that are lost."""
        now = self._clock()
        with self._lock:
            due = {
                message_id: lease.receipt_handle
                for message_id, lease in self._leases.items()
                if lease.expires_at - now <= self._visibility / 2
            }
        for batch in _batches(list(due.items())):
            if self._closing.is_set():
                return
            try:
                expires_at = self._clock() + self._visibility
                answers = self.queue.change_visibility([(handle, self._visibility) for _, handle in batch])
            except Exception:  # even a bug must not end the thread that renews the leases
                continue  # retried at the next turn; if that fails too, `is_leased` becomes false
            for (message_id, handle), failure in zip(batch, answers, strict=True):
                self._record_renewal(message_id, handle, expires_at, failure)

    def release(self, records: Sequence[Record] | None = None) -> int:
        """Make these letters, or all, visible again.

        Returns how many could not be released and become visible only when their lease expires.
        """
        with self._lock:
            ids = list(self._leases) if records is None else [record.message_id for record in records]
            leases = [self._leases.pop(message_id) for message_id in ids if message_id in self._leases]
        # With an expired lease's receipt handle, SQS might end the lease of another consumer.
        handles = [lease.receipt_handle for lease in leases if lease.expires_at > self._clock()]
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
    def renewing(self) -> Iterator[None]:
        """Renew leases in a thread while the block runs; afterwards none is renewed any more."""

        def keep_renewing() -> None:
            while not self._closing.wait(self._visibility / 12):
                self.renew()

        thread = Thread(target=keep_renewing, name="letters-leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._closing.set()
            thread.join()

    def _record_renewal(
        self, message_id: str, handle: str, expires_at: float, failure: EntryFailure | None
    ) -> None:
        with self._lock:
            lease = self._leases.get(message_id)
            if lease is None or lease.receipt_handle != handle:
                return
            if failure is None:
                lease.expires_at = expires_at
            elif failure.lost:
                del self._leases[message_id]

    def _forget(self, message_id: str) -> None:
        with self._lock:
            self._leases.pop(message_id, None)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), MAX_BATCH):
        yield items[start : start + MAX_BATCH]
