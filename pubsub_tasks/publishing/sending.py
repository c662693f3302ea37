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

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from ..errors import TransportError
from ..events import Observer, Published, notify
from ..transports import Publisher
from ..wire import THROTTLED, EntryFailure, Sent
from .batches import Batches, Parcel, Results

ATTEMPTS = 4
"""Tries of one entry: within about two seconds, for somebody may wait for the answer."""


def _give_up(state: RetryCallState) -> None:
    """What is still not published then is told entry by entry."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends parcels. Safe to share between threads.

    `max_bytes` is what one call takes; `sleep` takes seconds.
    """

    publisher: Publisher
    max_bytes: int
    observers: Sequence[Observer] = ()
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
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
            parcel: _UNTRIED for parcel in batch if not results.stands_behind(parcel)
        }
        self.retrying(self._try, pending, results)
        for parcel, failure in pending.items():
            results.refused(parcel, failure)

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
                notify(self.observers, Published(parcel.media_type, parcel.message_id, parcel.topic, took))
            elif answer.retriable:
                pending[parcel] = answer
            else:
                del pending[parcel]
                results.refused(parcel, answer)
        return bool(pending)

    def _answers(self, parcels: Sequence[Parcel], results: Results) -> list[Sent | EntryFailure]:
        entries = [parcel.outgoing for parcel in parcels]
        try:
            return self.publisher.publish(parcels[0].topic, entries)
        except TransportError as error:
            results.cause = results.cause or error
            # Whatever else failed as a whole, boto3 has tried often enough.
            throttled = error.code.rpartition(".")[2] in THROTTLED
            return [EntryFailure(error.code, str(error), retriable=throttled)] * len(entries)


_UNTRIED = EntryFailure("Untried", "not sent yet", retriable=True)
