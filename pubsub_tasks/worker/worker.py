"""Consumes one queue: wires the coordinator to slots and I/O threads, and starts and stops them."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..dispatching.copy_sender import CopySender, Send
from ..dispatching.dispatcher import Dispatcher
from ..in_flight.capacity import DEFAULT_CAPACITY, Capacity
from ..in_flight.in_flight_message import InFlightMessage
from ..in_flight.polls import RunLimit
from ..in_flight.state_machine import InFlight
from ..messages.current_message import install_record_factory
from ..tasks.events import Observer
from ..tasks.observers import Observers
from ..transports.protocols import Queue
from ..untrusted.exceptions import SafeLogger
from ..verdicts import Verdict
from ..worker_health.call_health import UNREADY_AFTER, CallHealth
from ..worker_health.counters import Counters
from ..worker_health.retention_warning import RetentionWarning
from ..worker_health.status import counts, in_flight_status
from .coordinator import Coordinator
from .io_threads import IOThreads, guarded_thread
from .message_processor import MessageProcessor
from .receiver import Receiver
from .settler import DeadLetterTarget, Settler
from .slots import ThreadSlots
from .worker_guard import WorkerGuard

logger = SafeLogger(__name__)

SETTLING_THREADS = 3
"""I/O threads beyond the open polls, so that no delete or lease extension waits for a long poll."""

ALIVE_WITHIN = 120.0
"""Seconds within which an I/O thread of a live worker asks for a job; polls and calls time out earlier."""


class Worker:
    """Consumes one queue with the tasks of one dispatcher, until it is drained.

    Args:
        queue: the queue to consume.
        dispatcher: decides what becomes of each delivery.
        dead_letters: where dead letters go. With None they stay on the queue, at the longest back-off.
        forward: sends to the queue for Celery tasks that the dispatcher forwards.
        capacity: how many messages to handle at a time.
        observers: notified of events; their exceptions are logged.
        run_limit: when to stop receiving.
        retention: seconds for which the queue keeps a message, if known.
        clock, wall: return seconds that never go back, for leases; and epoch seconds, for ages.

    Attributes:
        on_crash: called when a thread of the worker failed: the worker is to be stopped.
        on_finished: called when the run limit is reached and nothing runs any more.
        on_recycle: called with a reason when the process is to be replaced by a new one.
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
        forward: Send | None = None,
        capacity: Capacity = DEFAULT_CAPACITY,
        observers: Sequence[Observer] | Observers = (),
        run_limit: RunLimit | None = None,
        retention: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits = capacity.limits(dispatcher.has_plain, dispatcher.has_coroutines)
        self.on_crash = self.on_finished = self.on_recycle = _ignore
        self.queue = queue
        self._abandoned_threads = 0
        self._clock, self._wall = clock, wall
        self._observers = Observers.of(observers)
        self._coordinator = Coordinator(
            InFlight(limits, random.random),
            clock,
            threads=limits.threads,
            wait=capacity.wait,
            run_limit=run_limit,
        )
        self._processor = self._make_processor(dispatcher, dead_letters is not None, capacity, forward)
        self._receive_health = self._make_call_health(f"receiving from {queue.name}")
        self._receiver = self._make_receiver(retention)
        self._settler = Settler(
            self._coordinator, queue, dead_letters, clock, self._make_call_health, self._observers
        )
        self._make_threads()

    def _make_call_health(self, call: str) -> CallHealth:
        return CallHealth(call, clock=self._clock, jitter=random.random)

    def _make_processor(
        self, dispatcher: Dispatcher, has_dead_letter_queue: bool, capacity: Capacity, forward: Send | None
    ) -> MessageProcessor:
        return MessageProcessor(
            self.queue.name,
            dispatcher,
            self._observers,
            has_dead_letter_queue=has_dead_letter_queue,
            clock=self._clock,
            wall=self._wall,
            copies=CopySender(self.queue.send, forward, self._wall),
            patience=capacity.patience,
            on_stuck=self._abandon,
            guard=WorkerGuard(self.queue.name, dispatcher.guard, self._coordinator, self._wall),
        )

    def _make_receiver(self, retention: int | None) -> Receiver:
        return Receiver(
            self._coordinator,
            self.queue,
            slot_kind=self._processor.slot_kind,
            clock=self._clock,
            visibility=self.limits.visibility,
            call_health=self._receive_health,
            observers=self._observers,
            retention_warning=RetentionWarning(self.queue.name, retention, self._wall),
        )

    def _make_threads(self) -> None:
        coordinator, receiver, settler = self._coordinator, self._receiver, self._settler
        processor, limits = self._processor, self.limits
        count = limits.receivers + SETTLING_THREADS
        self._io_threads = IOThreads(
            coordinator.io_job, receiver.receive, settler.carry_out, count, self._crash
        )
        self._thread_slots = ThreadSlots(coordinator, receiver, settler, processor.process, self._crash)
        if limits.coroutines:
            from .coroutines.event_loop import EventLoop

            self._event_loop = EventLoop(coordinator, processor.process_async, limits.coroutines, self._crash)

    @property
    def run_limit(self) -> RunLimit:
        """When it stops receiving."""
        return self._coordinator.run_limit

    @property
    def counters(self) -> Counters:
        """Counts since the start."""
        return self._coordinator.counters

    @property
    def polls(self) -> int:
        """How many polls are open."""
        with self._coordinator as inflight:
            return inflight.credit.polls

    def troubles(self) -> list[str]:
        """Return what fails at present and is retried."""
        calls = (self._receive_health, *self._settler.call_health)
        troubles = [*(call.trouble for call in calls), self._processor.guard.trouble]
        return [trouble for trouble in troubles if trouble]

    def is_alive(self) -> bool:
        """Return whether an I/O thread asked for a job lately."""
        return self._clock() - self._coordinator.io_active_at < ALIVE_WITHIN

    def is_ready(self, unready_after: float = UNREADY_AFTER) -> bool:
        """Return whether it has received since the start, is not draining, and receiving works.

        Receiving does not work once receives have failed for more than `unready_after` seconds without one
        that succeeded.
        """
        if self._receive_health.failing_for > unready_after:
            return False
        with self._coordinator as inflight:
            return self.run_limit.receives > 0 and not inflight.draining

    def status(self) -> dict[str, Any]:
        """Return what it does at this moment, in JSON types. Times are seconds."""
        with self._coordinator as inflight:
            now = self._clock()
            return {
                "queue": self.queue.name,
                "draining": inflight.draining,
                "slots": {"threads": self.limits.threads, "coroutines": self.limits.coroutines},
                "polls": inflight.credit.polls,
                **in_flight_status(inflight, self._coordinator.running, now),
                "counts": counts(self.counters),
                "receiving_fails_for": round(self._receive_health.failing_for, 3),
                "troubles": self.troubles(),
            }

    def start(self) -> None:
        """Start to consume, in threads of its own."""
        install_record_factory()
        self._coordinator.on_finished = self._finish
        if self.limits.coroutines:
            self._event_loop.start()
        if self.limits.threads:
            time_limits = self._processor.time_limits
            guarded_thread("pubsub-time-limits", time_limits.watch, self._crash).start()
        self._thread_slots.start(self.limits.threads)
        self._io_threads.start()

    def retire(self) -> None:
        """Stop receiving and finish all messages in flight; then `on_finished` is called."""
        self._coordinator.end_run()

    def drain(self) -> None:
        """Stop receiving, release messages that have not started, finish those that run."""
        self._coordinator.drain()
        self._receiver.interrupt()
        self._processor.bodies.close()

    def wait(self, timeout: float) -> bool:
        """Return whether, within `timeout` seconds after `drain`, all messages are settled."""
        return self._coordinator.wait_until_idle(timeout)

    def stop(self, grace: float) -> bool:
        """Drain, wait up to `grace` seconds, end the event loop. Returns whether all messages were settled.

        A poll that is still open then has no messages in flight: see `polls`.
        """
        self.drain()
        self.wait(grace)
        with self._coordinator as inflight:
            clean = not len(inflight)
        self._processor.stop()
        if self.limits.coroutines:
            self._event_loop.stop()
        return clean

    def _crash(self, error: BaseException) -> None:
        logger.critical("a thread of the worker ended: the worker exits", exc_info=error)
        self.on_crash()

    def _finish(self) -> None:
        self.on_finished()

    def _abandon(self, message: InFlightMessage, verdict: Verdict) -> None:
        self._coordinator.abandon(message, verdict)
        self._thread_slots.start()
        self._abandoned_threads += 1
        if self.queue.fifo:
            self.on_recycle(
                "a handler of a FIFO message group does not end, and the group must go on elsewhere"
            )
        elif self._abandoned_threads >= self.limits.threads:
            self.on_recycle(f"{self._abandoned_threads} handlers did not end, and their threads are lost")


def _ignore(*_: object) -> None:
    """Default of the callbacks: do nothing."""
