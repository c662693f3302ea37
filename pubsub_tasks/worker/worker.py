"""Worker: one queue, consumed. It wires the station to the slots and the hands, and starts and stops them.

It decides nothing about messages, and knows neither signals nor where its queues came from.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..dispatching.dispatcher import Dispatcher
from ..inflight.commands import LONG_POLL
from ..inflight.in_flight import InFlight
from ..inflight.in_flight_message import InFlightMessage, Limits
from ..inflight.run_limit import RunLimit
from ..messages.current_message import install_record_factory
from ..tasks.events import Observer
from ..tasks.observers import Observers
from ..transports.protocols import Queue
from ..untrusted.exceptions import SafeLogger
from ..verdicts import Verdict
from ..worker_health.call_health import CallHealth
from ..worker_health.counters import Counters
from ..worker_health.retention_warning import RetentionWarning
from ..worker_health.status import counts, in_hand
from .coordinator import Coordinator
from .event_loop_monitor import EventLoopMonitor
from .guarding import Guarding
from .handling import Handling
from .io_threads import IOThreads, thread
from .receiver import Receiver
from .settler import DeadLetterTarget, Settler
from .slots import CoroutineSlots, ThreadSlots
from .time_limits import PATIENCE

logger = SafeLogger(__name__)

SETTLERS = 3
"""I/O threads beside those that may poll: no delete and no lease waits for a long poll to end."""


LATELY = 120.0
"""Seconds within which some thread comes round, however slow the service: polls and calls end before."""


UNREADY_AFTER = 60.0
"""Seconds of failing receives after which a worker is not ready; throttling and failovers are shorter."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much one worker does at once. None where the kinds of its tasks decide; times are seconds.

    `patience` is what a handler gets to leave after its time limit, before its thread is given up.
    """

    threads: int | None = None
    coroutines: int | None = None
    receivers: int | None = None
    prefetch: int | None = None
    visibility: int = 30
    wait: int = LONG_POLL
    patience: float = PATIENCE

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
        stint: when to receive no more.
        retention: seconds for which the queue keeps a message, where that is known.
        clock: seconds that never go back, for leases.
        wall: epoch seconds, for attempts and ages.

    Attributes:
        on_crash: called when a thread of the worker failed: it should be stopped.
        on_finished: called when the stint is over and nothing runs any more.
        on_recycle: called with a reason when the process had better be a new one.
    """

    on_crash: Callable[[], None]
    on_finished: Callable[[], None]
    on_recycle: Callable[[str], None]

    def __init__(
        self,
        queue: Queue,
        dispatcher: Dispatcher,
        *,
        dead_letters: DeadLetterTarget | None = None,
        capacity: Capacity = Capacity(),
        observers: Sequence[Observer] | Observers = (),
        run_limit: RunLimit | None = None,
        retention: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits = capacity.limits(dispatcher.has_plain, dispatcher.has_coroutines)
        self.on_crash = self.on_finished = self.on_recycle = _ignore
        self.queue, self._left_behind, self._clock = queue, 0, clock
        self._coordinator = coordinator = Coordinator(
            InFlight(limits, random.random),
            clock,
            threads=limits.threads,
            wait=capacity.wait,
            run_limit=run_limit,
        )
        told = Observers.of(observers)
        can_letter = dead_letters is not None
        self._handling = handling = self._make_handling(dispatcher, told, can_letter, wall, capacity.patience)
        call_health = partial(CallHealth, clock=clock, jitter=random.random)
        self._receiving = call_health(f"receiving from {queue.name}")
        kind, keeps = handling.kind, RetentionWarning(queue.name, retention, wall)
        receiver = Receiver(coordinator, queue, kind, clock, limits.visibility, self._receiving, told, keeps)
        self._settler = settler = Settler(coordinator, queue, dead_letters, clock, call_health, told)
        self._hands = IOThreads(coordinator, receiver, settler, limits.receivers + SETTLERS, self._crash)
        self._threads = ThreadSlots(coordinator, receiver, settler, handling.handle, self._crash)
        self._coroutines = CoroutineSlots(coordinator, handling.handle_async, limits.coroutines, self._crash)
        self._blocking = EventLoopMonitor(self._coroutines)

    def _make_handling(
        self,
        dispatcher: Dispatcher,
        observers: Observers,
        can_letter: bool,
        wall: Callable[[], float],
        patience: float,
    ) -> Handling:
        return Handling(
            self.queue.name,
            dispatcher,
            observers,
            can_letter=can_letter,
            clock=self._clock,
            wall=wall,
            send=self.queue.send,
            patience=patience,
            on_stuck=self._leave_behind,
            guarding=Guarding(self.queue.name, dispatcher.guard, self._coordinator, wall),
        )

    @property
    def counters(self) -> Counters:
        """What was done so far."""
        return self._coordinator.counters

    @property
    def polls(self) -> int:
        """Polls that are open."""
        with self._coordinator as inflight:
            return inflight.credit.polls

    def troubles(self) -> list[str]:
        """What fails at present, and is tried again."""
        told = [call_health.last for call_health in (self._receiving, *self._settler.calls_health)]
        return [trouble for trouble in (*told, self._handling.guarding.trouble) if trouble]

    def is_alive(self) -> bool:
        """Whether some thread of it came round lately."""
        return self._clock() - self._coordinator.turned_at < LATELY

    def is_ready(self, unready_after: float = UNREADY_AFTER) -> bool:
        """Whether it has received since the start, is not draining, and receiving works.

        It no longer does once receives have failed, without one that succeeded, for `unready_after` seconds.
        """
        if self._receiving.seconds > unready_after:
            return False
        with self._coordinator as inflight:
            return self.run_limit.receives > 0 and not inflight.draining

    def status(self) -> dict[str, Any]:
        """What it does at this moment, in JSON's types. Times are seconds."""
        with self._coordinator as inflight:
            now = self._clock()
            return {
                "queue": self.queue.name,
                "draining": inflight.draining,
                "slots": {"threads": self.limits.threads, "coroutines": self.limits.coroutines},
                "polls": inflight.credit.polls,
                **in_hand(inflight, self._coordinator.running, now),
                "counts": counts(self.counters),
                "receiving_fails_for": round(self._receiving.seconds, 3),
                "troubles": self.troubles(),
            }

    def start(self) -> None:
        """Start to consume, in threads of its own."""
        install_record_factory()
        self._coordinator.on_finished = self._finish
        if self.limits.coroutines:
            self._coroutines.start()
            thread("pubsub-blocking", self._blocking.watch, self._crash).start()
            self._coordinator.on_coroutine = self._coroutines.ready
        if self.limits.threads:
            thread("pubsub-deadlines", self._handling.deadlines.watch, self._crash).start()
        self._threads.start(self.limits.threads)
        self._hands.start()

    @property
    def run_limit(self) -> RunLimit:
        """When it receives no more."""
        return self._coordinator.run_limit

    def retire(self) -> None:
        """Receive no more, and finish what is in hand; `on_finished` is called then."""
        self._coordinator.end_run()

    def drain(self) -> None:
        """Receive no more, give back what was not started, finish what runs."""
        self._coordinator.drain()
        self._handling.bodies.close()

    def wait(self, timeout: float) -> bool:
        """Whether, within `timeout` seconds after `drain`, everything in hand was settled."""
        return self._coordinator.wait_until_idle(timeout)

    def stop(self, grace: float) -> bool:
        """Drain, wait for so many seconds, end the event loop; whether everything in hand was settled.

        A poll that is still open then is not in hand: see `polls`.
        """
        self.drain()
        self.wait(grace)
        with self._coordinator as inflight:
            clean = not len(inflight)
        self._handling.stop()
        if self.limits.coroutines:
            self._blocking.stop()
            self._coroutines.stop()
        return clean

    def _crash(self, error: BaseException) -> None:
        logger.critical("a thread of the worker ended: the worker exits", exc_info=error)
        self.on_crash()

    def _finish(self) -> None:
        self.on_finished()

    def _leave_behind(self, held: InFlightMessage, verdict: Verdict) -> None:
        self._coordinator.abandon(held, verdict)
        self._threads.start()
        self._left_behind += 1
        if self.queue.fifo:
            self.on_recycle("a handler of a FIFO group does not end, and its group must go on elsewhere")
        elif self._left_behind >= self.limits.threads:
            self.on_recycle(f"{self._left_behind} handlers did not end, and their threads are lost")


def _ignore(*_: object) -> None:
    """Nobody wants to know."""
