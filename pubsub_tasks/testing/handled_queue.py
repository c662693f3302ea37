"""One queue of the app under test: receives, dispatches as a worker does, and settles."""

import asyncio
from asyncio import CancelledError
from collections.abc import Callable
from contextvars import Context, copy_context
from decimal import getcontext, setcontext
from math import ceil
from typing import Any

from ..dead_letters.dead_letter_copy import build_dead_letter
from ..dead_letters.letter_view import Letter
from ..dispatching.dispatcher import Dispatcher, HandlerCall
from ..dispatching.postponement import postponed_copy
from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..tasks.events import Confirmed, DeadLettered, Settled, Started
from ..tasks.observers import Observers
from ..transports.sqs import SqsQueue
from ..verdicts import DeadLetter, Postpone, Postponed, Retry, Verdict
from ..version import VERSION
from ..wire.records import MAX_VISIBILITY
from .outcomes import Outcome
from .recording_transport import RecordingTransport

RunCoroutine = Callable[[Any, Context], Any]
"""Runs a coroutine in a context to its end."""


class HandledQueue:
    """A queue with its dispatcher. `observers` are notified as by a worker."""

    def __init__(
        self, memory: RecordingTransport, url: str, dispatcher: Dispatcher, observers: Observers
    ) -> None:
        self.queue = memory.unrecorded_queue(url)
        self.dispatcher = dispatcher
        self._memory = memory
        self._clock = memory.clock
        self._observers = observers
        arn = self.queue.attributes().dead_letter_arn
        assert arn is not None  # the memory environment makes none without
        self._dead_letters: SqsQueue = memory.unrecorded_queue(memory.queue_url(arn))

    @property
    def letters(self) -> list[Letter]:
        """What is in the dead-letter queue. Nothing is received."""
        return [Letter.of(record) for record in self._memory.messages(self._dead_letters.url)]

    @property
    def pending(self) -> int:
        """Number of messages on the queue: due, delayed and waiting for a retry."""
        return len(self._memory.messages(self.queue.url))

    def wake_at(self) -> float | None:
        """When a message that waits becomes due (epoch seconds), or None."""
        return self._memory.wake_at(self.queue.url)

    def receive(self) -> Delivery | None:
        """Receive one message that is due. One at a time keeps the order of FIFO groups."""
        return next(map(decode_record, self.queue.receive(1, 0, MAX_VISIBILITY)), None)

    def handle(self, delivery: Delivery, run: RunCoroutine) -> Outcome:
        """Handle and settle a delivery; `run` runs the coroutine of an `async def` task."""
        context = copy_context()
        call = context.run(self._prepare, delivery)
        if not isinstance(call, HandlerCall):
            return self._settle(delivery, None, call)
        if not call.task.is_async:
            return self._settle(call.delivery, call, context.run(self.dispatcher.run, call, self._clock))
        try:
            verdict = run(self.dispatcher.arun(call, self._clock), context)
        except (CancelledError, GeneratorExit) as error:  # raised by the handler itself
            verdict = self.dispatcher.decide(call, None, error, self._clock())
        return self._settle(call.delivery, call, verdict)

    async def ahandle(self, delivery: Delivery) -> Outcome:
        """As `handle`, with coroutines awaited in the running event loop."""
        context = copy_context()
        call = context.run(self._prepare, delivery)
        if not isinstance(call, HandlerCall):
            return self._settle(delivery, None, call)
        if not call.task.is_async:
            return self._settle(call.delivery, call, context.run(self.dispatcher.run, call, self._clock))
        try:
            verdict = await _in_context(self.dispatcher.arun(call, self._clock), context)
        except (CancelledError, GeneratorExit) as error:
            if _is_cancelled():
                raise
            verdict = self.dispatcher.decide(call, None, error, self._clock())
        return self._settle(call.delivery, call, verdict)

    def _prepare(self, delivery: Delivery) -> HandlerCall | Verdict:
        setcontext(getcontext().copy())  # a copied context refers to the same mutable Decimal context
        call = self.dispatcher.prepare(self.dispatcher.read_body(delivery), self._clock())
        if isinstance(call, HandlerCall):
            self._observers.notify(Started(self.queue.name, call.delivery, call.task.name))
        return call

    def _settle(self, delivery: Delivery, call: HandlerCall | None, verdict: Verdict) -> Outcome:
        now, task, name = self._clock(), call.task.name if call else None, self.queue.name
        if isinstance(verdict, Postpone) and (copy := postponed_copy(delivery, now)) is not None:
            self.queue.send([copy])
            verdict = Postponed()
        sent_at = delivery.record.sent_at
        self._observers.notify(Settled(name, delivery, task, verdict, 0.0, max(0.0, now - sent_at)))
        if isinstance(verdict, DeadLetter):
            self._send_to_dead_letters(delivery, verdict, task, now)
            self._observers.notify(DeadLettered(name, delivery, task, verdict.reason, verdict.error))
        handle = delivery.record.receipt_handle
        if isinstance(verdict, Retry):
            self.queue.change_visibility([(handle, min(MAX_VISIBILITY, ceil(verdict.after)))])
        else:
            self.queue.delete([handle])
        self._observers.notify(Confirmed(name, delivery, task, verdict))
        return Outcome(task, delivery, verdict, now)

    def _send_to_dead_letters(
        self, delivery: Delivery, verdict: DeadLetter, task: str | None, now: float
    ) -> None:
        copy = build_dead_letter(
            delivery,
            verdict,
            task=task,
            queue=self.queue.url,
            now=now,
            version=VERSION,
            size_limit=self._dead_letters.attributes().max_message_size,
            fifo=self._dead_letters.fifo,
        )
        self._dead_letters.send([copy])


async def _in_context(coroutine: Any, context: Context) -> Any:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # the loop of another library, such as trio's
        return await coroutine
    return await loop.create_task(coroutine, context=context)


def _is_cancelled() -> bool:
    """Whether the test itself is cancelled, and not only the coroutine that it awaits."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return True
    return task is not None and task.cancelling() > 0
