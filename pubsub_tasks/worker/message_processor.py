"""Processes one message in flight: opens it, calls its task within the time limit, returns the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..batches.backoff import WORKER_FAULTS
from ..dispatching.copy_sender import CopySender
from ..dispatching.dispatcher import Dispatcher, HandlerCall
from ..dispatching.unhandled_verdicts import retry_without_dead_letters
from ..in_flight.in_flight_message import InFlightMessage, SlotKind
from ..messages.current_message import CurrentMessage
from ..messages.delivery import Delivery
from ..tasks.events import Settled, Started
from ..tasks.observers import Observers
from ..untrusted.exceptions import SafeLogger, is_cancellation, printable_error, reraise_interrupt
from ..verdicts import DeadLetter, Forward, Postpone, Release, Retry, Verdict
from .body_opener import BodyOpener, OpenerClosed
from .time_limits import HandlerRun, TimeLimits, cancel_at_limit, timeout_error, undo_cancellation
from .worker_guard import WorkerGuard

logger = SafeLogger(__name__)

_NO_FIELDS: Mapping[str, Any] = {}


class MessageProcessor:
    """Processes the messages of one worker, in threads and in the event loop.

    Args:
        queue: the name of the queue, for events.
        dispatcher: decides what becomes of a delivery.
        observers: notified of `Started` and `Settled`.
        has_dead_letter_queue: without one, dead letters stay on the queue.
        clock: returns seconds that never go back.
        wall: returns epoch seconds.
        copies: sends the copies that replace messages.
        patience: seconds in which a handler must end after its time limit.
        on_stuck: called with a message whose thread is abandoned, and its verdict.
        guard: may replace the verdict on messages for which no task was called.

    Attributes:
        time_limits: the time limits of handlers that run in threads.
        bodies: opens large bodies for their handlers.
        stopping: whether `stop` was called; cancelled coroutines then end without a verdict.
    """

    def __init__(
        self,
        queue: str,
        dispatcher: Dispatcher,
        observers: Observers,
        *,
        has_dead_letter_queue: bool,
        clock: Callable[[], float],
        wall: Callable[[], float],
        copies: CopySender,
        patience: float,
        on_stuck: Callable[[InFlightMessage, Verdict], None],
        guard: WorkerGuard,
    ) -> None:
        self._queue = queue
        self._dispatcher = dispatcher
        self._observers = observers
        self._has_dead_letter_queue = has_dead_letter_queue
        # Without plain tasks there are no thread slots: coroutine slots process messages without a task too.
        self._has_threads = dispatcher.has_plain or not dispatcher.has_coroutines
        self._clock, self._wall = clock, wall
        self._copies = copies
        self._on_stuck = on_stuck
        self.guard = guard
        self.time_limits = TimeLimits(clock, self._abandon, patience)
        self.bodies = BodyOpener(dispatcher)
        self.stopping = False

    def stop(self) -> None:
        """End the time limits and the opening of bodies. Coroutines may be cancelled from now on."""
        self.stopping = True
        self.time_limits.stop()
        self.bodies.stop()

    def slot_kind(self, delivery: Delivery) -> SlotKind:
        """Return the kind of slot that processes a delivery."""
        if not self._has_threads:
            return SlotKind.COROUTINE
        if self._dispatcher.has_coroutines and self._dispatcher.is_coroutine(delivery):
            return SlotKind.COROUTINE
        return SlotKind.THREAD

    def process(self, message: InFlightMessage) -> Verdict | None:
        """Process a message in the current thread and return its verdict.

        Returns None if the thread was abandoned meanwhile, and the message already has a verdict.
        """
        started, unopened, body_size = self._clock(), message.delivery, 0
        verdict: Verdict | None
        try:
            if unopened.defect is not None:
                message.delivery, body_size = self.bodies.open(unopened)
            call = self._prepare(message)
            if not isinstance(call, HandlerCall):
                verdict = self._send_copy(message, call) if isinstance(call, Postpone | Forward) else call
            elif call.task.is_async:  # its media type was in a body that had to be fetched first
                from asyncio import run

                verdict = run(self._run_async(call))
            elif call.timeout is not None:
                verdict = self._run_limited(message, call)
            else:
                verdict = self._dispatcher.run(call, self._wall)
        except OpenerClosed:
            return Release()
        except BaseException as error:
            verdict = self._retry_after_fault(message, error)
        try:
            return None if verdict is None else self._finish(message, verdict, started)
        finally:
            self._close_body(None if verdict is None else message, unopened, body_size)

    async def process_async(self, message: InFlightMessage) -> Verdict:
        """Process a message in the event loop and return its verdict. Its time limit cancels the handler."""
        started, unopened, body_size = self._clock(), message.delivery, 0
        try:
            try:
                if unopened.defect is not None:
                    message.delivery, body_size = await self.bodies.open_async(unopened)
                call = self._prepare(message)
                if isinstance(call, HandlerCall):
                    verdict = await self._run_async(call)
                elif isinstance(call, Postpone | Forward):
                    from asyncio import to_thread

                    verdict = await to_thread(self._send_copy, message, call)
                else:
                    verdict = call
            except OpenerClosed:
                return Release()
            except BaseException as error:
                if self.stopping and is_cancellation(error):
                    raise
                undo_cancellation()
                verdict = self._retry_after_fault(message, error)
            return self._finish(message, verdict, started)
        finally:
            self._close_body(message, unopened, body_size)

    def _close_body(self, message: InFlightMessage | None, unopened: Delivery, body_size: int) -> None:
        """Drop an opened body, so that a message that is settled or parked keeps none in memory.

        `message` is None if its thread was abandoned: the message is no longer this thread's.
        """
        if message is not None and unopened.defect is not None:
            message.delivery = replace(message.delivery, fields=_NO_FIELDS, defect=unopened.defect)
        if body_size:
            self.bodies.release(body_size)

    def _prepare(self, message: InFlightMessage) -> HandlerCall | Verdict:
        call = self._dispatcher.prepare(message.delivery, self._wall())
        if isinstance(call, HandlerCall):
            message.task = call.task.name
            message.delivery = call.delivery  # its media type may be known by the shape of its body alone
            if self.guard.active:
                self.guard.deactivate()
            if self._observers.wants(Started):
                self._observers.notify(Started(self._queue, message.delivery, call.task.name))
        return call

    def _run_limited(self, message: InFlightMessage, call: HandlerCall) -> Verdict | None:
        run = HandlerRun(message, call)
        try:
            verdict: Verdict = self._dispatcher.run(call, self._wall, partial(self.time_limits.limit, run))
        except BaseException as error:
            verdict = self._retry_after_fault(message, error)
        return None if run.abandoned else verdict

    async def _run_async(self, call: HandlerCall) -> Verdict:
        limit = None if call.timeout is None else cancel_at_limit
        try:
            return await self._dispatcher.arun(call, self._wall, limit)
        except BaseException as error:
            if self.stopping or not is_cancellation(error):
                raise
            # Not from the worker: the handler awaited something that was cancelled, or cancelled itself.
            undo_cancellation()
            return self._dispatcher.decide(call, None, error, self._wall())

    def _retry_after_fault(self, message: InFlightMessage, error: BaseException) -> Retry:
        """Return a retry for a message that a fault of this library hit. Its thread or slot goes on."""
        reraise_interrupt(error)
        fields = self._log_fields(message)
        logger.error(
            "message %s could not be handled, and is tried again",
            fields["message_id"],
            exc_info=error,
            extra=fields,
        )
        return Retry(WORKER_FAULTS.seconds(message.delivery.receives), printable_error(error))

    def _send_copy(self, message: InFlightMessage, verdict: Postpone | Forward) -> Verdict:
        return self._copies.replace(message.delivery, verdict, self._log_fields(message))

    def _finish(self, message: InFlightMessage, verdict: Verdict, started: float) -> Verdict:
        if message.task is None and self.guard.active:
            verdict = self.guard.review(message.delivery, verdict)
        if isinstance(verdict, DeadLetter) and not self._has_dead_letter_queue:
            verdict = retry_without_dead_letters(
                message.delivery, verdict, fifo=message.start_group is not None
            )
        if self._observers.wants(Settled):
            seconds, delivery = self._clock() - started, message.delivery
            sent_at = delivery.record.sent_at
            latency = max(0.0, self._wall() - seconds - sent_at) if sent_at else None
            self._observers.notify(Settled(self._queue, delivery, message.task, verdict, seconds, latency))
        return verdict

    def _log_fields(self, message: InFlightMessage) -> dict[str, Any]:
        return CurrentMessage(message.task, message.delivery, self._queue).fields()

    def _abandon(self, run: HandlerRun) -> None:
        """Decide a message whose handler does not end after its time limit."""
        verdict = self._dispatcher.decide(run.call, None, timeout_error(run.call), self._wall())
        fields = self._log_fields(run.message)
        logger.error(
            "%s does not end though its time limit of %g s is over: its thread is abandoned, and message "
            "%s is settled without it",
            run.call.task.name,
            run.call.timeout,
            fields["message_id"],
            extra=fields,
        )
        self._on_stuck(run.message, self._finish(run.message, verdict, run.message.started_at))
