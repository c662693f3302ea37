"""Executors: the threads and the event loop in which handlers run, and the hands that poll and settle.

Each asks its station for a job, does it, and comes back; none decides anything. A thread of these that ends
by an exception is a bug of ours: it is told to `crashed`, since a worker that goes on with a thread too few
would look alive and do nothing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from itertools import count
from threading import Event

from ..inflight.commands import Poll
from ..inflight.in_flight_message import InFlightMessage
from ..lifecycle import forks
from ..untrusted.exceptions import SafeLogger
from ..verdicts import Retry, Verdict
from .coordinator import Coordinator
from .io_threads import Crashed, thread
from .receiver import Receiver
from .settler import Settler

logger = SafeLogger(__name__)

Handle = Callable[[InFlightMessage], Verdict | None]
HandleAsync = Callable[[InFlightMessage], Awaitable[Verdict]]


class ThreadSlots:
    """One thread a slot, for plain functions; one of them also leads while handlers are quick.

    `handle` returns None when the thread was given up meanwhile: it ends, and another has its slot.
    """

    def __init__(
        self, coordinator: Coordinator, receiver: Receiver, settler: Settler, handle: Handle, crashed: Crashed
    ) -> None:
        self._coordinator = coordinator
        self._receiver = receiver
        self._settler = settler
        self._handle = handle
        self._crashed = crashed
        self._numbers = count()

    def start(self, slots: int = 1) -> None:
        """Add so many slots."""
        for _ in range(slots):
            thread(f"pubsub-slot-{next(self._numbers)}", self._work, self._crashed).start()

    def _work(self) -> None:
        born, job = forks.generation, self._coordinator.slot_job()
        while job is not None:
            if isinstance(job, InFlightMessage):
                verdict = Context().run(self._handle, job)  # nothing that a handler sets reaches the next
                forks.exit_if_forked(born)
                if verdict is None:
                    return
                job = self._coordinator.slot_job(job, verdict)
                continue
            if isinstance(job, Poll):
                self._receiver.receive(job)
            else:
                self._settler.carry_out(job)
            job = self._coordinator.slot_job()


class CoroutineSlots:
    """One event loop in one thread, for `async def` handlers, so many at a time.

    What ended in one turn of the loop is told in the next, and what may start is fetched with it: to come to
    the station for each by itself costs more than a quick handler does. So a handler that blocks the loop
    holds up what ended beside it too, whose lease is kept meanwhile.
    """

    def __init__(self, coordinator: Coordinator, handle: HandleAsync, slots: int, crashed: Crashed) -> None:
        self._coordinator = coordinator
        self._handle = handle
        self._free = slots
        self._crashed = crashed
        self._called = False
        self._stopped = False
        self._finished: list[tuple[InFlightMessage, Verdict]] = []
        self.active = Event()
        self.running: dict[asyncio.Task[None], InFlightMessage] = {}
        self.thread = thread("pubsub-loop", self._run, crashed)

    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread.start()

    def stop(self) -> None:
        """End the loop; handlers that still run are cut."""
        self._stopped = True
        self.call(self.loop.stop)
        self.thread.join(1.0)

    def call(self, function: Callable[[], object]) -> bool:
        """Call it in the loop; False when that has ended."""
        try:
            self.loop.call_soon_threadsafe(function)
        except RuntimeError:  # closed, perhaps just now
            return False
        return True

    def ready(self) -> None:
        """Something can be started. Called by any thread, under the station's lock."""
        if not self._called:
            self._called = True  # before it is, since it may run at once
            self.call(self._turn)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            with forks.calling_in_child(self._end_child):
                while not self._stopped:
                    self._turning(self.loop.run_forever)
            running = list(self.running)
            for task in running:
                task.cancel()
            ended = asyncio.gather(*running, return_exceptions=True)
            self._turning(lambda: self.loop.run_until_complete(ended))
            self._turning(lambda: self.loop.run_until_complete(self.loop.shutdown_asyncgens()))
        finally:
            self.loop.close()

    def _turning(self, turn: Callable[[], object]) -> None:
        """A handler, or a task that it started, may stop the loop: it goes on for the others.

        Source: asyncio lets SystemExit and KeyboardInterrupt of a task out of `run_forever`.
        """
        born = forks.generation
        try:
            turn()
        except BaseException as error:
            forks.exit_if_forked(born, error)
            logger.error("a task of a handler ended the event loop, which goes on", exc_info=error)

    def _end_child(self) -> None:
        # A loop works on after a fork, on what it shares with the parent: let nothing of it run in the child.
        getattr(self.loop, "_ready", deque[object]()).clear()
        self.loop.call_soon(forks.exit_child, RuntimeError("a coroutine awaited something in a forked child"))

    def _turn(self) -> None:
        self._called = False  # before the station is asked: what becomes ready from here on calls again
        finished, self._finished = self._finished, []
        self._free += len(finished)
        if not finished:
            self._reclaim()
        if not self._free:
            return
        try:
            started = self._coordinator.coroutine_jobs(finished, self._free)
            self._free -= len(started)
            # Each in a context of its own: what one handler sets is not for those that start after it.
            self.running.update(
                (self.loop.create_task(self._work(held), context=Context()), held) for held in started
            )
            (self.active.set if self.running else self.active.clear)()
        except BaseException as error:
            self._crashed(error)

    def _reclaim(self) -> None:
        """Free the slots of those that another handler cancelled before they began."""
        never_began = [task for task in self.running if task.done()]
        for task in never_began:
            held = self.running.pop(task)
            self._free += 1
            self._coordinator.abandon(held, Retry(0.0))

    async def _work(self, held: InFlightMessage) -> None:
        try:
            verdict = await self._handle(held)
            self._finished.append((held, verdict))  # a list that is another one after each turn
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._crashed(error)
        finally:
            del self.running[asyncio.current_task()]  # type: ignore[arg-type]
        if not self._called:
            self._called = True
            self.loop.call_soon(self._turn)
