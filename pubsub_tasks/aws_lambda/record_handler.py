"""Handles one record of an event: from its delivery to its verdict, with a dead letter if it is one."""

import asyncio
import importlib
import time
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from decimal import getcontext, setcontext
from functools import cached_property, partial
from typing import Any

from ..batches.backoff import WORKER_FAULTS
from ..dispatching.copy_sender import CopySender
from ..dispatching.dispatcher import Dispatcher, HandlerCall
from ..dispatching.unhandled_verdicts import retry_without_dead_letters
from ..errors import PubSubTasksError
from ..messages.current_message import CurrentMessage
from ..messages.delivery import Delivery
from ..tasks.events import DeadLettered, Settled, Started
from ..tasks.observers import Observers
from ..untrusted.exceptions import SafeLogger, error_text, printable_error, reraise_interrupt
from ..verdicts import Ack, DeadLetter, Postpone, Retry, Verdict
from .settlement import Settlement
from .time_left import TimeLeft

logger = SafeLogger(__name__)


@dataclass(slots=True, eq=False)
class EventRecord:
    """A record of an event.

    Attributes:
        delivery: as its handler sees it.
        verdict: None until it is handled; stays None if it is not started.
        task: the name of the task that handles it, or None.
    """

    delivery: Delivery
    verdict: Verdict | None = None
    task: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether Lambda may delete it."""
        return self.verdict is not None and not isinstance(self.verdict, Retry)


class RecordHandler:
    """Handles the records of one queue or topic.

    Args:
        name: the name of the queue or topic, for logs and events.
        fifo: whether it is a FIFO queue.
        dispatcher, observers, settlement: those of the source.
        clock: returns seconds that never go back.
        wall: returns epoch seconds.

    Attributes:
        has_coroutines: whether some tasks are coroutines, which need an event loop.
    """

    def __init__(
        self,
        name: str,
        dispatcher: Dispatcher,
        observers: Observers,
        settlement: Settlement,
        *,
        fifo: bool,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.has_coroutines = dispatcher.has_coroutines
        self._name = name
        self._fifo = fifo
        self._dispatcher = dispatcher
        self._observers = observers
        self._settlement = settlement
        self._clock, self._wall = clock, wall
        self._copies = CopySender(settlement.send, None, wall)

    def handle(self, record: EventRecord, left: TimeLeft) -> None:
        """Handle a record in the current thread, unless the time left is too short."""
        # In a context of its own: what a handler sets affects neither the next one nor the caller.
        copy_context().run(self._handle, record, left)

    async def handle_async(self, record: EventRecord, left: TimeLeft) -> None:
        """Do the same in the event loop, in an asyncio task of its own. A plain task runs in a thread."""
        if not self._dispatcher.is_coroutine(record.delivery):
            await asyncio.to_thread(self.handle, record, left)
            return
        setcontext(getcontext().copy())
        started = self._clock()
        try:
            call = self._prepare(record, left)
            if call is None:
                return
            verdict = await self._limits.arun(call) if isinstance(call, HandlerCall) else call
            conclude = partial(self._conclude, record, call, verdict, started, left)
            record.verdict = conclude() if isinstance(verdict, Ack) else await asyncio.to_thread(conclude)
        except BaseException as error:
            record.verdict = self._retry_after_fault(record, error)

    def _handle(self, record: EventRecord, left: TimeLeft) -> None:
        setcontext(getcontext().copy())  # a copied context refers to the same mutable Decimal context
        started = self._clock()
        try:
            call = self._prepare(record, left)
            if call is not None:
                verdict = self._run(call) if isinstance(call, HandlerCall) else call
                record.verdict = self._conclude(record, call, verdict, started, left)
        except BaseException as error:
            record.verdict = self._retry_after_fault(record, error)

    def _run(self, call: HandlerCall) -> Verdict:
        if call.timeout is None and not call.task.is_async:
            return self._dispatcher.run(call, self._wall)
        verdict: Verdict = self._limits.run(call)
        return verdict

    @cached_property
    def _limits(self) -> Any:
        module = importlib.import_module("pubsub_tasks.aws_lambda.handler_limits")
        return module.HandlerLimits(self._dispatcher, self._wall)

    def _prepare(self, record: EventRecord, left: TimeLeft) -> HandlerCall | Verdict | None:
        """Return the call to make, a verdict without one, or None if there is no time to start it."""
        if not left.opens():
            return None
        record.delivery = self._dispatcher.read_body(record.delivery)
        call = self._dispatcher.prepare(record.delivery, self._wall())
        if isinstance(call, HandlerCall):
            if not left.allows(call):
                return None
            record.task = call.task.name
            record.delivery = call.delivery  # its media type may be known by the shape of its body alone
            if self._observers.wants(Started):
                self._observers.notify(Started(self._name, record.delivery, call.task.name))
        return call

    def _conclude(
        self,
        record: EventRecord,
        call: HandlerCall | Verdict,
        verdict: Verdict,
        started: float,
        left: TimeLeft,
    ) -> Verdict:
        """Notify observers, and return the verdict after what it asks for was tried."""
        seconds = self._clock() - started
        if isinstance(call, HandlerCall):
            left.took(call, seconds)
        if isinstance(verdict, DeadLetter) and self._settlement.lacks_dead_letter_queue():
            verdict = retry_without_dead_letters(record.delivery, verdict, fifo=self._fifo)
        if isinstance(verdict, Postpone):
            verdict = self._copies.replace(record.delivery, verdict, self._fields(record))
        if self._observers.wants(Settled):
            self._observers.notify(self._settled(record, verdict, seconds))
        return self._send_dead_letter(record, verdict) if isinstance(verdict, DeadLetter) else verdict

    def _settled(self, record: EventRecord, verdict: Verdict, seconds: float) -> Settled:
        sent_at = record.delivery.record.sent_at
        latency = max(0.0, self._wall() - seconds - sent_at) if sent_at else None
        return Settled(self._name, record.delivery, record.task, verdict, seconds, latency)

    def _send_dead_letter(self, record: EventRecord, verdict: DeadLetter) -> Verdict:
        """Return the verdict, or a retry if the copy is not confirmed."""
        try:
            self._settlement.send_dead_letter(record.delivery, verdict, record.task)
        except PubSubTasksError as error:
            logger.error(
                "the dead letter of message %s cannot be sent, so the message is retried: %s",
                self._fields(record)["message_id"],
                error_text(error),
                extra=self._fields(record),
            )
            return Retry(WORKER_FAULTS.seconds(record.delivery.receives), verdict.error or error)
        if self._observers.wants(DeadLettered):
            self._observers.notify(
                DeadLettered(self._name, record.delivery, record.task, verdict.reason, verdict.error)
            )
        return verdict

    def _retry_after_fault(self, record: EventRecord, error: BaseException) -> Retry:
        """Return a retry for a record that a fault of this library, or of its settings, hit."""
        reraise_interrupt(error)
        fields = self._fields(record)
        logger.error(
            "message %s could not be handled, and is tried again",
            fields["message_id"],
            exc_info=error,
            extra=fields,
        )
        return Retry(WORKER_FAULTS.seconds(record.delivery.receives), printable_error(error))

    def _fields(self, record: EventRecord) -> dict[str, Any]:
        return CurrentMessage(record.task, record.delivery, self._name).fields()
