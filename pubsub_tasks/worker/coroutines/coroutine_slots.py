"""The slots in which coroutine functions run: one event loop, in a thread of its own.

An exception that ends the thread is passed to `on_crash`, as for threads.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from threading import Event

from ...in_flight.in_flight_message import InFlightMessage
from ...lifecycle import forks
from ...untrusted.exceptions import SafeLogger
from ...verdicts import Retry, Verdict
from ..coordinator import Coordinator
from ..io_threads import OnCrash, guarded_thread

logger = SafeLogger(__name__)

ProcessAsync = Callable[[InFlightMessage], Awaitable[Verdict]]


class CoroutineSlots:
    """Runs `async def` handlers in one event loop, up to `slots` at a time, in a thread of its own.

    Messages that finish in one iteration of the loop are reported together in the next, which also starts new
    ones: a call of the coordinator for each message costs more than a quick handler. So a handler that blocks
    the loop also delays messages that have finished; their leases are extended meanwhile.

    Attributes:
        active: set while any handler runs.
        running: the messages that are processed, by asyncio task.
        loop: the event loop, once started.
        thread: the thread of the event loop.
    """

    def __init__(
        self, coordinator: Coordinator, process: ProcessAsync, slots: int, on_crash: OnCrash
    ) -> None:
        self._coordinator = coordinator
        self._process = process
        self._free = slots
        self._on_crash = on_crash
        self._refill_scheduled = False
        self._stopped = False
        self._started: list[tuple[asyncio.Task[None], InFlightMessage]] = []
        self._finished: list[tuple[InFlightMessage, Verdict]] = []
        self.active = Event()
        self.running: dict[asyncio.Task[None], InFlightMessage] = {}
        self.thread = guarded_thread("pubsub-loop", self._run, on_crash)

    def start(self) -> None:
        """Start the event loop in its thread."""
        self.loop = asyncio.new_event_loop()
        self.thread.start()

    def stop(self) -> None:
        """End the event loop. Handlers that still run are cancelled."""
        self._stopped = True
        self.call(self.loop.stop)
        self.thread.join(1.0)

    def call(self, function: Callable[[], object]) -> bool:
        """Call a function in the event loop. Returns False if the loop has ended."""
        try:
            self.loop.call_soon_threadsafe(function)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def wake(self) -> None:
        """Report that a message can start. Called by any thread."""
        if not self._refill_scheduled:
            self._refill_scheduled = True  # set first, since `_refill` may run at once
            self.call(self._refill)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            with forks.calling_in_child(self._end_child):
                while not self._stopped:
                    self._run_loop(self.loop.run_forever)
            running = list(self.running)
            for task in running:
                task.cancel()
            ended = asyncio.gather(*running, return_exceptions=True)
            self._run_loop(lambda: self.loop.run_until_complete(ended))
            self._run_loop(lambda: self.loop.run_until_complete(self.loop.shutdown_asyncgens()))
        finally:
            self.loop.close()

    def _run_loop(self, run: Callable[[], object]) -> None:
        """Run the event loop, and log an exception of a handler that ended it.

        asyncio lets SystemExit and KeyboardInterrupt of a task out of `run_forever`.
        """
        generation = forks.generation
        try:
            run()
        except BaseException as error:
            forks.exit_if_forked(generation, error)
            logger.error("a task of a handler ended the event loop, which goes on", exc_info=error)

    def _end_child(self) -> None:
        # After a fork the loop would use file descriptors that it shares with the parent: run nothing.
        getattr(self.loop, "_ready", deque[object]()).clear()
        self.loop.call_soon(forks.exit_child, RuntimeError("a coroutine awaited something in a forked child"))

    def _refill(self) -> None:
        """Report finished messages, and start new ones in the free slots."""
        # Reset before the coordinator is called: a message that becomes ready later schedules the next call.
        self._refill_scheduled = False
        finished, self._finished = self._finished, []
        self._free += len(finished)
        self._free_cancelled()
        try:
            messages = self._coordinator.coroutine_jobs(finished, self._free)
            self._free -= len(messages)
            # Each in its own context: context variables do not reach handlers that start later. Not by
            # `create_task`: a task factory of the application might run the task at once, or refuse it.
            self._started = [
                (asyncio.Task(self._work(message), loop=self.loop, context=Context()), message)
                for message in messages
            ]
            self.running.update(self._started)
            (self.active.set if self.running else self.active.clear)()
        except BaseException as error:
            self._on_crash(error)
        if self._started:
            self._schedule_refill()  # after their first steps, in which many of them finish

    def _free_cancelled(self) -> None:
        """Free the slots of started tasks that another handler cancelled before they began."""
        for task, message in self._started:
            if task.done() and self.running.pop(task, None) is not None:
                self._free += 1
                self._coordinator.abandon(message, Retry(0.0))

    def _schedule_refill(self) -> None:
        if not self._refill_scheduled:
            self._refill_scheduled = True
            self.loop.call_soon(self._refill)

    async def _work(self, message: InFlightMessage) -> None:
        try:
            verdict = await self._process(message)
            self._finished.append((message, verdict))  # looked up here: each refill replaces the list
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._on_crash(error)
        finally:
            del self.running[asyncio.current_task()]  # type: ignore[arg-type]
        self._schedule_refill()
