"""Sending: batches to their topics, tried again where that may help. Knows how to wait, and not what is said.

boto3 itself tries a whole call again after a network failure, a server's error or a throttle. It does not
look at the entries of a batch, and does not know that a throttled encryption key is as good as a throttled
topic. What is sent again is the same to the byte, so a message that had got through after all comes twice
with one `x-message-id`.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from ..errors import MessageError, TransportError
from ..events import NotPublished, Published
from ..observing import Observers
from ..pointers import ClaimStore
from ..wire import THROTTLED, EntryFailure, Sent
from .batches import Batches, Parcel, Results
from .ways import Ways

ATTEMPTS = 4
"""Tries of one entry: within about two seconds, for somebody may wait for the answer."""


def _give_up(state: RetryCallState) -> None:
    """What is still not published then is told entry by entry."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends parcels. Safe to share between threads.

    `max_bytes` is what one call takes; `sleep` takes seconds.
    """

    ways: Ways
    max_bytes: int
    observers: Observers = field(default_factory=Observers)
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    claims: ClaimStore | None = None
    retrying: Retrying = field(init=False)

    def __post_init__(self) -> None:
        retrying = Retrying(
            retry=retry_if_result(bool),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.2, max=2),
            sleep=self.sleep,
            retry_error_callback=_give_up,
        )
        object.__setattr__(self, "retrying", retrying)

    def send(self, parcel: Parcel) -> None:
        """Send one. Raises PublishFailed."""
        results = Results()
        self.send_batch([parcel], results)
        results.check()

    def send_all(self, parcels: Iterable[Parcel], results: Results) -> None:
        """Send them all, as few calls as there may be."""
        batches = Batches(self.max_bytes)
        for parcel in parcels:
            for batch in batches.put(parcel):
                self.send_batch(batch, results)
        for batch in batches.rest():
            self.send_batch(batch, results)

    async def asend_all(self, parcels: Iterable[Parcel], results: Results) -> None:
        """The same in a thread, which the event loop does not wait for."""
        await asyncio.to_thread(self.send_all, parcels, results)

    def send_batch(self, batch: Sequence[Parcel], results: Results) -> None:
        """Send these in one call, and those that failed and may yet succeed in another."""
        pending: dict[Parcel, EntryFailure] = {
            parcel: _UNTRIED
            for parcel in batch
            if not results.stands_behind(parcel) and self._parked(parcel, results)
        }
        if self._try(pending, results):  # most calls succeed, and tenacity would only cost them time
            tries = chain([True], iter(partial(self._try, pending, results), None))
            self.retrying(next, tries)
        for parcel, failure in pending.items():
            self._refuse(parcel, failure, results)

    def _parked(self, parcel: Parcel, results: Results) -> bool:
        """Whether nothing of it is to be parked, or it is by now."""
        if parcel.claim is None or self.claims is None:
            return True
        try:
            self.claims.park(parcel.claim.pointer, parcel.claim.body)
        except TransportError as error:
            results.cause = results.cause or error
            self._refuse(parcel, EntryFailure(error.code, str(error), retriable=False), results)
            return False
        return True

    def _refuse(self, parcel: Parcel, failure: EntryFailure, results: Results) -> None:
        results.refused(parcel, failure)
        if self.observers.wants(NotPublished):
            where = str(parcel.destination)
            self.observers.tell(NotPublished(parcel.media_type, parcel.message_id, where, failure.code))

    def _tell_published(self, parcel: Parcel, seconds: float) -> None:
        if self.observers.wants(Published):
            where, size = str(parcel.destination), parcel.outgoing.size
            self.observers.tell(Published(parcel.media_type, parcel.message_id, where, seconds, size))

    def _try(self, pending: dict[Parcel, EntryFailure], results: Results) -> bool:
        """Send what is pending; whether some of it still is, and worth another try."""
        parcels = list(pending)
        started = self.clock()
        answers = self._answers(parcels, results) if parcels else []
        took = max(0.0, self.clock() - started)
        for parcel, answer in zip(parcels, answers, strict=True):
            if isinstance(answer, Sent):
                del pending[parcel]
                results.sent(parcel)
                self._tell_published(parcel, took)
            elif answer.retriable:
                pending[parcel] = answer
            else:
                del pending[parcel]
                self._refuse(parcel, answer, results)
        return bool(pending)

    def _answers(self, parcels: Sequence[Parcel], results: Results) -> list[Sent | EntryFailure]:
        try:
            return self.ways.send(parcels)
        except MessageError as error:
            results.cause = results.cause or error
            return [EntryFailure(type(error).__name__, str(error), retriable=False)] * len(parcels)
        except TransportError as error:
            results.cause = results.cause or error
            # Whatever else failed as a whole, boto3 has tried often enough.
            throttled = error.code.rpartition(".")[2] in THROTTLED
            return [EntryFailure(error.code, str(error), retriable=throttled)] * len(parcels)


_UNTRIED = EntryFailure("Untried", "not sent yet", retriable=True)
