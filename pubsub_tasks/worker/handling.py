"""Handling: one delivery in hand given to dispatch, within its time limit, and told to observers.

It decides nothing about messages but for what dispatch cannot know: whether there is a dead-letter queue, and
that a thread will not come back.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..batches.backoff import WORKER_FAULTS
from ..dispatching.dispatcher import Dispatcher, HandlerCall
from ..dispatching.hops import hop
from ..dispatching.screening import kept
from ..inflight.in_flight_message import InFlightMessage, SlotKind
from ..messages.current_message import CurrentMessage
from ..messages.delivery import Delivery
from ..tasks.events import Settled, Started
from ..tasks.observers import Observers
from ..untrusted.exceptions import SafeLogger, error_text, printable_error, reraise_interrupt
from ..verdicts import DeadLetter, Postpone, Postponed, Release, Retry, Verdict
from ..wire.records import EntryFailure, Outgoing, Sent
from .body_opener import BodyOpener, OpenerClosed
from .guarding import Guarding
from .time_limits import HandlerRun, TimeLimits, timeout

logger = SafeLogger(__name__)

_NO_FIELDS: Mapping[str, Any] = {}


class Handling:
    """Handles what one worker has in hand.

    Args:
        queue: name of the queue, for events.
        can_letter: whether there is a dead-letter queue.
        clock: seconds that never go back.
        wall: epoch seconds.
        send: sends to the queue itself.
        patience: seconds that a handler gets to leave after its time limit.
        guarding: may hold back what no task was called for.
        on_stuck: told of a delivery whose thread is left behind, and of what becomes of it.
    """

    def __init__(
        self,
        queue: str,
        dispatcher: Dispatcher,
        observers: Observers,
        *,
        can_letter: bool,
        clock: Callable[[], float],
        wall: Callable[[], float],
        send: Callable[[Sequence[Outgoing]], Sequence[Sent | EntryFailure]],
        patience: float,
        on_stuck: Callable[[InFlightMessage, Verdict], None],
        guarding: Guarding,
    ) -> None:
        self._queue = queue
        self._dispatcher = dispatcher
        self._observers = observers
        self._can_letter = can_letter
        # Without any plain task coroutines handle what has no task too.
        self._has_threads = dispatcher.has_plain or not dispatcher.has_coroutines
        self._clock, self._wall = clock, wall
        self._send = send
        self._on_stuck = on_stuck
        self.guarding = guarding
        self.bodies = BodyOpener(dispatcher)
        self.deadlines = TimeLimits(clock, self._stuck, patience)
        self.stopping = False

    def stop(self) -> None:
        """Watch no time limits and open no bodies any more; coroutines may be cancelled."""
        self.stopping = True
        self.deadlines.stop()
        self.bodies.stop()

    def kind(self, delivery: Delivery) -> SlotKind:
        """What kind of slot runs it."""
        if self._has_threads and not self._dispatcher.is_coroutine(delivery):
            return SlotKind.THREAD
        return SlotKind.COROUTINE

    def handle(self, held: InFlightMessage) -> Verdict | None:
        """What becomes of it; None when that was decided already, since this thread was given up."""
        started, closed, size = self._clock(), held.delivery, 0
        try:
            if closed.defect is not None:
                held.delivery, size = self.bodies.open(closed)
            verdict = self._verdict(held)
        except OpenerClosed:
            return Release()
        except BaseException as error:
            verdict = self._mishandled(held, error)
        try:
            return None if verdict is None else self._decided(held, verdict, started)
        finally:
            self._close_body(None if verdict is None else held, closed, size)

    async def handle_async(self, held: InFlightMessage) -> Verdict:
        """The same in the event loop, whose handlers are cancelled when their time is over."""
        started, closed, size = self._clock(), held.delivery, 0
        try:
            try:
                if closed.defect is not None:
                    held.delivery, size = await self.bodies.open_async(closed)
                verdict = await self._verdict_async(held)
            except OpenerClosed:
                return Release()
            except BaseException as error:
                if self.stopping and issubclass(type(error), asyncio.CancelledError | GeneratorExit):
                    raise
                _stay()
                verdict = self._mishandled(held, error)
            return self._decided(held, verdict, started)
        finally:
            self._close_body(held, closed, size)

    def _verdict(self, held: InFlightMessage) -> Verdict | None:
        call = self._prepare(held)
        if not isinstance(call, HandlerCall):
            return self._hopped(held, call)
        if call.task.is_async:  # its body told the media type, and nobody knew before that was fetched
            return asyncio.run(self._run_async(call))
        if call.task.timeout is None:
            return self._dispatcher.run(call, self._wall)
        run = HandlerRun(held, call)
        try:
            verdict = self._dispatcher.run(call, self._wall, partial(self.deadlines.limit, run))
        except BaseException as error:
            verdict = self._mishandled(held, error)
        return None if run.left_behind else verdict

    async def _verdict_async(self, held: InFlightMessage) -> Verdict:
        call = self._prepare(held)
        if isinstance(call, HandlerCall):
            return await self._run_async(call)
        return await asyncio.to_thread(self._hopped, held, call) if isinstance(call, Postpone) else call

    async def _run_async(self, call: HandlerCall) -> Verdict:
        limit = None if call.task.timeout is None else _limited
        try:
            return await self._dispatcher.arun(call, self._wall, limit)
        except (asyncio.CancelledError, GeneratorExit) as error:
            if self.stopping:
                raise
            # Not ours: it awaited something that was cancelled, or cancelled itself.
            _stay()
            return self._dispatcher.judge(call, None, error, self._wall())

    def _close_body(self, held: InFlightMessage | None, closed: Delivery, size: int) -> None:
        """Keep no opened body while a message waits to be settled or tried again; None if it is another's."""
        if held is not None and closed.defect is not None:
            held.delivery = replace(held.delivery, fields=_NO_FIELDS, defect=closed.defect)
        if size:
            self.bodies.release(size)

    def _mishandled(self, held: InFlightMessage, error: BaseException) -> Retry:
        """A fault of ours costs this message one try, and never its thread or slot."""
        reraise_interrupt(error)
        fields = self._fields(held)
        logger.error(
            "message %s could not be handled, and is tried again",
            fields["message_id"],
            exc_info=error,
            extra=fields,
        )
        return Retry(WORKER_FAULTS.seconds(held.delivery.receives), printable_error(error))

    def _prepare(self, held: InFlightMessage) -> HandlerCall | Verdict:
        call = self._dispatcher.prepare(held.delivery, self._wall())
        if isinstance(call, HandlerCall):
            held.task = call.task.name
            if self.guarding.on:
                self.guarding.handled()
            if self._observers.wants(Started):
                self._observers.tell(Started(self._queue, held.delivery, call.task.name))
        return call

    def _hopped(self, held: InFlightMessage, verdict: Verdict) -> Verdict:
        """Send a copy of what is not due yet, where it cannot be held again; unconfirmed, it is held."""
        copy = hop(held.delivery, self._wall()) if isinstance(verdict, Postpone) else None
        if copy is None:
            return verdict
        try:
            (answer,) = self._send([copy])
        except Exception as error:
            text, fields = error_text(error), self._fields(held)
            told = "message %s is not due, and cannot be sent on: %s"
            logger.warning(told, fields["message_id"], text, extra=fields)
            return verdict
        return Postponed() if isinstance(answer, Sent) else verdict

    def _decided(self, held: InFlightMessage, verdict: Verdict, started: float) -> Verdict:
        if held.task is None and self.guarding.on:
            verdict = self.guarding.decided(held.delivery, verdict)
        if isinstance(verdict, DeadLetter) and not self._can_letter:
            verdict = kept(held.delivery, verdict, fifo=held.start_group is not None)
        if self._observers.wants(Settled):
            seconds, delivery = self._clock() - started, held.delivery
            sent_at = delivery.record.sent_at
            latency = max(0.0, self._wall() - seconds - sent_at) if sent_at else None
            self._observers.tell(Settled(self._queue, delivery, held.task, verdict, seconds, latency))
        return verdict

    def _fields(self, held: InFlightMessage) -> dict[str, Any]:
        return CurrentMessage(held.task, held.delivery, self._queue).fields()

    def _stuck(self, run: HandlerRun) -> None:
        verdict = self._dispatcher.judge(run.call, None, timeout(run.call), self._wall())
        logger.error(
            "%s does not end though its time limit of %g s is over: its thread is left behind, and message "
            "%s goes on without it",
            run.call.task.name,
            run.call.task.timeout,
            (fields := self._fields(run.held))["message_id"],
            extra=fields,
        )
        self._on_stuck(run.held, self._decided(run.held, verdict, run.held.started_at))


def _stay() -> None:
    """Undo a cancellation of this task that nobody of ours asked for."""
    while (task := asyncio.current_task()) and task.cancelling():
        task.uncancel()


async def _limited(invoke: Callable[[HandlerCall], Any], call: HandlerCall) -> Any:
    try:
        async with asyncio.timeout(call.task.timeout) as scope:
            return await invoke(call)
    except TimeoutError as error:
        if scope.expired():
            raise timeout(call) from error
        raise  # the handler's own
