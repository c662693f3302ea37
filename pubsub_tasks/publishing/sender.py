"""Sends prepared messages in batches, and retries the entries that the service refused for now.

boto3 retries a whole call after a network failure, a server error or a throttle. It does not look at the
entries of a batch, and does not treat a throttled encryption key as a throttle. An entry is sent again byte
for byte, so if an earlier try did get through, the message arrives twice with one `x-message-id`.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from ..batches.backoff import PUBLISHES
from ..batches.entry_answers import EntryAnswers
from ..errors import MessageError, TransportError
from ..tasks.events import NotPublished, Published
from ..tasks.middleware import Middleware, compose
from ..tasks.observers import Observers
from ..wire.records import THROTTLING_CODES, EntryFailure, Sent
from ..wire.s3_pointer import ClaimStore
from .deferred import sink
from .prepared_message import PreparedMessage
from .publish_batches import PublishBatches
from .publish_results import PublishResults
from .routes import Routes, SendCall

ATTEMPTS = 4
"""Tries of one entry, within about two seconds: the caller may be waiting for the answer."""


def _give_up(state: RetryCallState) -> None:
    """Return instead of raising RetryError: the entries that are left are reported one by one."""


@dataclass(frozen=True, slots=True)
class SendContext:
    """What middleware around calls receives: a topic (ARN) or queue (URL), and the messages of the call."""

    destination: str
    messages: Sequence[PreparedMessage]


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends prepared messages. Safe to share between threads.

    Attributes:
        routes: finds the call for a destination.
        max_bytes: of all entries of one call together.
        observers: receive Published and NotPublished.
        clock: returns epoch seconds.
        sleep: waits between tries, in seconds.
        claims: stores the bodies that are too large for a message.
        middleware: wraps each call to a topic or queue, the first outermost.
    """

    routes: Routes
    max_bytes: int
    observers: Observers = field(default_factory=Observers)
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    claims: ClaimStore | None = None
    middleware: Sequence[Middleware] = ()
    retrying: Retrying = field(init=False)

    def __post_init__(self) -> None:
        retrying = Retrying(
            retry=retry_if_result(bool),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=PUBLISHES.first, max=PUBLISHES.cap),
            sleep=self.sleep,
            retry_error_callback=_give_up,
        )
        object.__setattr__(self, "retrying", retrying)

    def send(self, prepared: PreparedMessage) -> str:
        """Send one message, or leave it to the deferred block or stream that is open. Returns its id.

        Raises PublishFailed.
        """
        collecting = sink.get()
        if collecting is None or not collecting.put(prepared, self):
            results = PublishResults()
            self.send_batch([prepared], results)
            results.raise_for_failures()
        return prepared.message_id

    def send_all(self, messages: Iterable[PreparedMessage], results: PublishResults) -> None:
        """Send messages, whatever their destinations, in as few calls as possible."""
        batches = PublishBatches(self.max_bytes)
        for prepared in messages:
            for batch in batches.put(prepared):
                self.send_batch(batch, results)
        for batch in batches.rest():
            self.send_batch(batch, results)

    async def asend_all(self, messages: Iterable[PreparedMessage], results: PublishResults) -> None:
        """`send_all` in a thread, so that it does not block the event loop."""
        await asyncio.to_thread(self.send_all, messages, results)

    def send_batch(self, batch: Sequence[PreparedMessage], results: PublishResults) -> None:
        """Send up to ten messages for one destination in one call; retry the entries that may yet succeed."""
        sendable = [
            prepared
            for prepared in batch
            if not results.fail_if_blocked(prepared)
            and (prepared.claim is None or self._store_claim(prepared, results))
        ]
        if not sendable:
            return
        entries: EntryAnswers[PreparedMessage, Sent] = EntryAnswers(sendable)
        if self._attempt(entries, results):  # most calls succeed at once: they skip tenacity's overhead
            # True stands for the attempt above, which tenacity counts as its first.
            attempts = chain([True], iter(partial(self._attempt, entries, results), None))
            self.retrying(next, attempts)
            for prepared, failure in entries.give_up():
                self._record_failure(prepared, failure, results)

    def _attempt(self, entries: EntryAnswers[PreparedMessage, Sent], results: PublishResults) -> bool:
        """Make one call for the pending entries. Returns True if some of them may succeed in another call."""
        messages = entries.pending
        started = self.clock()
        answers: list[Sent | EntryFailure]
        try:
            call = self.routes.call_for(messages)
            answers = self._send_through(call, messages) if self.middleware else call()
        except (MessageError, TransportError) as error:
            results.cause = results.cause or error
            answers = [_failure_of_call(error)] * len(messages)
        seconds = max(0.0, self.clock() - started)
        is_observed = self.observers.wants(Published)
        for prepared, answer in entries.record(answers):
            if isinstance(answer, EntryFailure):
                self._record_failure(prepared, answer, results)
                continue
            results.add_published(prepared)
            if is_observed:
                self._notify_published(prepared, seconds)
        return bool(entries.pending)

    def _send_through(self, call: SendCall, messages: Sequence[PreparedMessage]) -> list[Sent | EntryFailure]:
        destination = messages[0].destination
        target = destination if isinstance(destination, str) else destination.target
        through = compose(self.middleware, lambda context: call())
        answers: list[Sent | EntryFailure] = through(SendContext(target, messages))
        return answers

    def _store_claim(self, prepared: PreparedMessage, results: PublishResults) -> bool:
        """Store a large body before its message is sent. Returns False if that failed."""
        if prepared.claim is None or self.claims is None:
            return True
        try:
            self.claims.store(prepared.claim.pointer, prepared.claim.body)
        except TransportError as error:
            results.cause = results.cause or error
            self._record_failure(prepared, EntryFailure(error.code, str(error), retriable=False), results)
            return False
        return True

    def _record_failure(
        self, prepared: PreparedMessage, failure: EntryFailure, results: PublishResults
    ) -> None:
        results.add_failed(prepared, failure)
        if self.observers.wants(NotPublished):
            destination = str(prepared.destination)
            self.observers.notify(
                NotPublished(prepared.media_type, prepared.message_id, destination, failure.code)
            )

    def _notify_published(self, prepared: PreparedMessage, seconds: float) -> None:
        destination = str(prepared.destination)
        self.observers.notify(
            Published(prepared.media_type, prepared.message_id, destination, seconds, prepared.size)
        )


def _failure_of_call(error: MessageError | TransportError) -> EntryFailure:
    """The failure of each entry of a call that failed as a whole."""
    if isinstance(error, TransportError):
        # boto3 has retried everything else often enough.
        throttled = error.code.rpartition(".")[2] in THROTTLING_CODES
        return EntryFailure(error.code, str(error), retriable=throttled)
    return EntryFailure(type(error).__name__, str(error), retriable=False)
