"""Calls handlers that are coroutines or have a time limit. Imported only for a queue with such tasks."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from threading import Lock, Thread

from ..dispatching.dispatcher import Dispatcher, HandlerCall
from ..untrusted.exceptions import SafeLogger
from ..verdicts import Verdict
from ..worker.time_limits import HandlerRun, TimeLimits, cancel_at_limit, timeout_error, undo_cancellation

logger = SafeLogger(__name__)


class HandlerLimits:
    """Calls the handlers of one dispatcher. `wall` returns epoch seconds."""

    def __init__(self, dispatcher: Dispatcher, wall: Callable[[], float]) -> None:
        self._dispatcher = dispatcher
        self._wall = wall
        self._lock = Lock()
        self._time_limits: TimeLimits | None = None

    def run(self, call: HandlerCall) -> Verdict:
        """Call a handler in the current thread, a coroutine in an event loop of its own."""
        if call.task.is_async:
            return asyncio.run(self.arun(call))
        if call.timeout is None:
            return self._dispatcher.run(call, self._wall)
        run = HandlerRun(call.delivery, call)
        verdict = self._dispatcher.run(call, self._wall, partial(self._watched().limit, run))
        if run.abandoned:  # it went on for long after its limit, and then returned
            return self._dispatcher.decide(call, None, timeout_error(call), self._wall())
        return verdict

    async def arun(self, call: HandlerCall) -> Verdict:
        """Call a coroutine handler in the current event loop."""
        limit = None if call.timeout is None else cancel_at_limit
        try:
            return await self._dispatcher.arun(call, self._wall, limit)
        except (asyncio.CancelledError, GeneratorExit) as error:
            # The handler awaited something that was cancelled, or cancelled itself.
            undo_cancellation()
            return self._dispatcher.decide(call, None, error, self._wall())

    def _watched(self) -> TimeLimits:
        """The time limits of threads, and the thread that watches them, made at first use."""
        with self._lock:
            if self._time_limits is None:
                self._time_limits = TimeLimits(time.monotonic, _log_stuck)
                Thread(target=self._time_limits.watch, name="pubsub-time-limits", daemon=True).start()
            return self._time_limits


def _log_stuck(run: HandlerRun) -> None:
    logger.error(
        "%s does not end though its time limit of %g s is over: the invocation waits for it",
        run.call.task.name,
        run.call.timeout,
    )
