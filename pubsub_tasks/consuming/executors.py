"""Executors: the threads and the event loop in which handlers run, and the hands that poll and settle.

Each asks its station for a job, does it, and comes back; none decides anything. A thread of these that ends
by an exception is a bug of ours: it is told to `crashed`, since a worker that goes on with a thread too few
would look alive and do nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from threading import Thread

from ..verdicts import Verdict
from .held import Held
from .receiving import Receiver
from .settling import Settler
from .station import Poll, Station

logger = logging.getLogger(__name__)

Handle = Callable[[Held], Verdict]
HandleAsync = Callable[[Held], Awaitable[Verdict]]
Crashed = Callable[[BaseException], None]


class Hands:
    """I/O threads: polls and settlements, and the keeping of time."""

    def __init__(
        self, station: Station, receiver: Receiver, settler: Settler, count: int, crashed: Crashed
    ) -> None:
        self._station = station
        self._receiver = receiver
        self._settler = settler
        self._threads = [_thread(f"pubsub-hand-{number}", self._work, crashed) for number in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while (job := self._station.hand_job()) is not None:
            if isinstance(job, Poll):
                self._receiver.receive(job)
            else:
                self._settler.carry_out(job)


class ThreadSlots:
    """One thread a slot, for plain functions; one of them also leads while handlers are quick."""

    def __init__(
        self,
        station: Station,
        receiver: Receiver,
        settler: Settler,
        handle: Handle,
        count: int,
        crashed: Crashed,
    ) -> None:
        self._station = station
        self._receiver = receiver
        self._settler = settler
        self._handle = handle
        self._threads = [_thread(f"pubsub-slot-{number}", self._work, crashed) for number in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        job = self._station.slot_job()
        while job is not None:
            if isinstance(job, Held):
                job = self._station.slot_job(job, self._handle(job))
                continue
            if isinstance(job, Poll):
                self._receiver.receive(job)
            else:
                self._settler.carry_out(job)
            job = self._station.slot_job()


class CoroutineSlots:
    """One event loop in one thread, for `async def` handlers, so many at a time."""

    def __init__(self, station: Station, handle: HandleAsync, count: int, crashed: Crashed) -> None:
        self._station = station
        self._handle = handle
        self._count = count
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._crashed = crashed
        self._thread = _thread("pubsub-loop", self._run, crashed)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the loop; handlers that still run are cut."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)

    def ready(self) -> None:
        """Something can be started. Called by any thread."""
        self._loop.call_soon_threadsafe(self._fill)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            for task in self._tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        finally:
            self._loop.close()

    def _fill(self) -> None:
        while len(self._tasks) < self._count and (held := self._station.coroutine_job()) is not None:
            task = self._loop.create_task(self._work(held))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crashed(error)

    async def _work(self, held: Held | None) -> None:
        while held is not None:
            held = self._station.coroutine_job(held, await self._handle(held))


def _thread(name: str, work: Callable[[], None], crashed: Crashed) -> Thread:
    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            crashed(error)

    return Thread(target=guarded, name=name, daemon=True)
