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
from ..tasks.events import NotPublished, Published
from ..tasks.observers import Observers
from ..wire.records import THROTTLED, EntryFailure, Sent
from ..wire.s3_pointer import ClaimStore
from .batching import PreparedMessage, PublishBatches, PublishResults
from .routes import Routes

ATTEMPTS = 4
"""Tries of one entry: within about two seconds, for somebody may wait for the answer."""


def _give_up(state: RetryCallState) -> None:
    """What is still not published then is told entry by entry."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends parcels. Safe to share between threads.

    `max_bytes` is what one call takes; `sleep` takes seconds.
    """

    routes: Routes
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

    def send(self, prepared: PreparedMessage) -> None:
        """Send one. Raises PublishFailed."""
        results = PublishResults()
        self.send_batch([prepared], results)
        results.check()

    def send_all(self, prepared_messages: Iterable[PreparedMessage], results: PublishResults) -> None:
        """Send them all, as few calls as there may be."""
        batches = PublishBatches(self.max_bytes)
        for prepared in prepared_messages:
            for batch in batches.put(prepared):
                self.send_batch(batch, results)
        for batch in batches.rest():
            self.send_batch(batch, results)

    async def asend_all(self, prepared_messages: Iterable[PreparedMessage], results: PublishResults) -> None:
        """The same in a thread, which the event loop does not wait for."""
        await asyncio.to_thread(self.send_all, prepared_messages, results)

    def send_batch(self, batch: Sequence[PreparedMessage], results: PublishResults) -> None:
        """Send these in one call, and those that failed and may yet succeed in another."""
        pending: dict[PreparedMessage, EntryFailure] = {
            prepared: _UNTRIED
            for prepared in batch
            if not results.stands_behind(prepared) and self._parked(prepared, results)
        }
        if self._try(pending, results):  # most calls succeed, and tenacity would only cost them time
            tries = chain([True], iter(partial(self._try, pending, results), None))
            self.retrying(next, tries)
        for prepared, failure in pending.items():
            self._refuse(prepared, failure, results)

    def _parked(self, prepared: PreparedMessage, results: PublishResults) -> bool:
        """Whether nothing of it is to be parked, or it is by now."""
        if prepared.claim is None or self.claims is None:
            return True
        try:
            self.claims.park(prepared.claim.pointer, prepared.claim.body)
        except TransportError as error:
            results.cause = results.cause or error
            self._refuse(prepared, EntryFailure(error.code, str(error), retriable=False), results)
            return False
        return True

    def _refuse(self, prepared: PreparedMessage, failure: EntryFailure, results: PublishResults) -> None:
        results.refused(prepared, failure)
        if self.observers.wants(NotPublished):
            where = str(prepared.destination)
            self.observers.tell(NotPublished(prepared.media_type, prepared.message_id, where, failure.code))

    def _tell_published(self, prepared: PreparedMessage, seconds: float) -> None:
        if self.observers.wants(Published):
            where, size = str(prepared.destination), prepared.outgoing.size
            self.observers.tell(Published(prepared.media_type, prepared.message_id, where, seconds, size))

    def _try(self, pending: dict[PreparedMessage, EntryFailure], results: PublishResults) -> bool:
        """Send what is pending; whether some of it still is, and worth another try."""
        prepared_messages = list(pending)
        started = self.clock()
        answers = self._answers(prepared_messages, results) if prepared_messages else []
        took = max(0.0, self.clock() - started)
        for prepared, answer in zip(prepared_messages, answers, strict=True):
            if isinstance(answer, Sent):
                del pending[prepared]
                results.sent(prepared)
                self._tell_published(prepared, took)
            elif answer.retriable:
                pending[prepared] = answer
            else:
                del pending[prepared]
                self._refuse(prepared, answer, results)
        return bool(pending)

    def _answers(
        self, prepared_messages: Sequence[PreparedMessage], results: PublishResults
    ) -> list[Sent | EntryFailure]:
        try:
            return self.routes.send(prepared_messages)
        except MessageError as error:
            results.cause = results.cause or error
            return [EntryFailure(type(error).__name__, str(error), retriable=False)] * len(prepared_messages)
        except TransportError as error:
            results.cause = results.cause or error
            # Whatever else failed as a whole, boto3 has tried often enough.
            throttled = error.code.rpartition(".")[2] in THROTTLED
            return [EntryFailure(error.code, str(error), retriable=throttled)] * len(prepared_messages)


_UNTRIED = EntryFailure("Untried", "not sent yet", retriable=True)
