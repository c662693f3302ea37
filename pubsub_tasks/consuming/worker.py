"""Worker: one queue, consumed. It wires the station to the slots and the hands, and starts and stops them.

It decides nothing about messages, and knows neither signals nor where its queues came from.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..delivery import Delivery
from ..events import Event, Observer, Settled, Started
from ..transports import Queue
from ..verdicts import DeadLetter, Retry, Verdict
from ..wire import MAX_VISIBILITY
from .dispatch import Call, Dispatcher
from .executors import CoroutineSlots, Hands, ThreadSlots
from .held import Held, Kind, Limits
from .inflight import InFlight
from .outage import Outage
from .receiving import Receiver
from .settling import DeadLetters, Settler
from .station import LONG_POLL, Station
from .tally import Tally

logger = logging.getLogger(__name__)

SETTLERS = 2
"""I/O threads beside those that may poll, so that a delete never waits for a long poll to end."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much one worker does at once. None where the kinds of its tasks decide; times are seconds."""

    threads: int | None = None
    coroutines: int | None = None
    receivers: int | None = None
    prefetch: int | None = None
    visibility: int = 30
    wait: int = LONG_POLL

    DEFAULT_THREADS = 8
    DEFAULT_COROUTINES = 100
    MOST_RECEIVERS = 8

    def limits(self, plain: bool, coroutine: bool) -> Limits:
        """The limits for a queue whose tasks are plain functions, coroutine functions, or both."""
        threads = (self.threads or self.DEFAULT_THREADS) if plain or not coroutine else 0
        coroutines = (self.coroutines or self.DEFAULT_COROUTINES) if coroutine else 0
        receivers = self.receivers or min(self.MOST_RECEIVERS, threads + coroutines)
        return Limits(threads, coroutines, receivers, self.prefetch, self.visibility)


class Worker:
    """Consumes one queue with the tasks of one dispatcher, until it is told to drain.

    Args:
        queue: what to consume.
        dispatcher: what to do with each delivery.
        dead_letters: where dead letters go, or None: then they stay on the queue at the longest back-off.
        capacity: how much to do at once.
        observers: who is told of events; what they raise is logged.
        clock: seconds that never go back, for leases.
        wall: epoch seconds, for attempts and ages.
    """

    def __init__(
        self,
        queue: Queue,
        dispatcher: Dispatcher,
        *,
        dead_letters: DeadLetters | None = None,
        capacity: Capacity = Capacity(),
        observers: Sequence[Observer] = (),
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.queue = queue
        self.limits = capacity.limits(dispatcher.has_plain, dispatcher.has_coroutines)
        self.on_crash: Callable[[], None] | None = None
        self._dispatcher = dispatcher
        self._can_letter = dead_letters is not None
        self._observers = list(observers)
        self._clock, self._wall = clock, wall
        self._station = Station(
            InFlight(self.limits, random.random), clock, threads=self.limits.threads, wait=capacity.wait
        )
        receiving = Outage(f"receiving from {queue.name}", clock, random.random)
        settling = Outage(f"settling on {queue.name}", clock, random.random)
        receiver = Receiver(
            self._station, queue, self._kind, clock, self.limits.visibility, receiving, self.observe
        )
        settler = Settler(self._station, queue, dead_letters, clock, settling, self.observe)
        self._hands = Hands(self._station, receiver, settler, self.limits.receivers + SETTLERS, self._crash)
        self._threads = ThreadSlots(
            self._station, receiver, settler, self._handle, self.limits.threads, self._crash
        )
        self._coroutines = CoroutineSlots(
            self._station, self._handle_async, self.limits.coroutines, self._crash
        )

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        return self._station.tally

    def start(self) -> None:
        """Start to consume, in threads of its own."""
        if self.limits.coroutines:
            self._station.on_coroutine = self._coroutines.ready
            self._coroutines.start()
        self._threads.start()
        self._hands.start()

    def drain(self) -> None:
        """Receive no more, give back what was not started, finish what runs."""
        self._station.drain()

    def wait(self, timeout: float) -> bool:
        """Whether, within `timeout` seconds after `drain`, everything in hand was settled."""
        return self._station.wait_until_idle(timeout)

    def stop(self, grace: float) -> bool:
        """Drain, wait for so many seconds, end the event loop; whether everything in hand was settled."""
        self.drain()
        clean = self.wait(grace)
        if self.limits.coroutines:
            self._coroutines.stop()
        return clean

    def observe(self, event: Event) -> None:
        """Tell the observers."""
        for observer in self._observers:
            try:
                observer(event)
            except Exception:
                logger.exception("observer %r failed on %r", observer, type(event).__name__)

    def _crash(self, error: BaseException) -> None:
        logger.critical("a thread of the worker failed: the worker is not to be trusted", exc_info=error)
        if self.on_crash is not None:
            self.on_crash()

    def _kind(self, delivery: Delivery) -> Kind:
        if not self.limits.threads:
            return Kind.COROUTINE
        return Kind.COROUTINE if self._dispatcher.is_coroutine(delivery) else Kind.THREAD

    def _handle(self, held: Held) -> Verdict:
        started = self._clock()
        call = self._dispatcher.prepare(held.delivery, self._wall())
        if isinstance(call, Call):
            self._tell_started(held, call)
            verdict = self._dispatcher.run(call, self._wall)
        else:
            verdict = call
        return self._decided(held, verdict, started)

    async def _handle_async(self, held: Held) -> Verdict:
        started = self._clock()
        call = self._dispatcher.prepare(held.delivery, self._wall())
        if isinstance(call, Call):
            self._tell_started(held, call)
            verdict = await self._dispatcher.arun(call, self._wall)
        else:
            verdict = call
        return self._decided(held, verdict, started)

    def _tell_started(self, held: Held, call: Call) -> None:
        held.task = call.task.name
        if self._observers:
            self.observe(Started(self.queue.name, held.delivery, call.task.name))

    def _decided(self, held: Held, verdict: Verdict, started: float) -> Verdict:
        if isinstance(verdict, DeadLetter) and not self._can_letter:
            # It stays where it is until somebody gives it a dead-letter queue or retention ends it.
            verdict = Retry(MAX_VISIBILITY, verdict.error)
        if self._observers:
            seconds = self._clock() - started
            self.observe(Settled(self.queue.name, held.delivery, held.task, verdict, seconds))
        return verdict
