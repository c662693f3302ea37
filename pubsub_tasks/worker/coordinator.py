"""Shares `InFlight` between threads under one lock, and gives each thread its next job.

While handlers are quick, a free slot leads: it polls, runs what it received and deletes it. No other thread
is woken, since in CPython that costs more than the work. With coroutines alone, an I/O thread and the event
loop take turns instead. Over a network, I/O threads poll and delete meanwhile. When handlers are slow, slots
only run handlers, and I/O threads poll and settle. One of them, the timer, waits until the next job is due.
"""

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from math import inf
from threading import Condition, Lock

from ..in_flight.commands import LONG_POLL, Command, Job, Poll
from ..in_flight.in_flight_message import InFlightMessage, SlotKind
from ..in_flight.polls import TICK, Polls, RunLimit
from ..in_flight.state_machine import InFlight
from ..verdicts import Verdict
from ..worker_health.counters import Counters
from .io_threads import IdleIOThreads


class Coordinator(AbstractContextManager[InFlight]):
    """Gives jobs to slots and I/O threads. `with coordinator as inflight:` reports an event under the lock.

    Attributes:
        on_coroutine_ready: called when a coroutine can start.
        on_finished: called once, under the lock, when the run limit is reached and nothing runs any more.
        running: the messages whose handlers run.
        io_active_at: when an I/O thread last asked for a job.
    """

    def __init__(
        self,
        inflight: InFlight,
        clock: Callable[[], float],
        *,
        threads: int,
        wait: int = LONG_POLL,
        run_limit: RunLimit | None = None,
    ) -> None:
        self._inflight = inflight
        self._clock = clock
        self._threads = threads
        self.run_limit = run_limit or RunLimit()
        self._polls = Polls(inflight, self.run_limit, takes_turns=threads == 0, wait=wait)
        self.on_coroutine_ready: Callable[[], None] | None = None
        self.on_finished: Callable[[], None] | None = None
        self._lock = Lock()
        self._slots = Condition(self._lock)
        self._io_threads = IdleIOThreads(self._lock)
        self._idle = Condition(self._lock)
        self._free_slots = 0
        self._loop_is_full = False
        self.running: set[InFlightMessage] = set()
        self._started = self._started_at_last_check = 0
        self.io_active_at = clock()
        self._commands: deque[Command] = deque()
        self.counters = Counters()

    def __enter__(self) -> InFlight:
        self._lock.acquire()
        return self._inflight

    def __exit__(self, *raised: object) -> None:
        try:
            now = self._clock()
            wake = self._coroutines_to_wake(now)
            self._wake_slots(self._inflight.credit.mean_seconds is None)
            self._wake_others(now)
        finally:
            self._lock.release()
        if wake is not None:
            wake()  # not under the lock, for which the event loop would have to wait as soon as it wakes

    def pause_polls(self, seconds: float) -> None:
        """Start no poll for some seconds."""
        with self:
            self._polls.pause(self._clock() + seconds)

    def end_run(self) -> None:
        """Receive no more messages, and finish those in flight."""
        with self:
            self.run_limit.end()

    def drain(self) -> None:
        """Receive and start no more messages."""
        with self as inflight:
            inflight.drain(self._clock())
            self._slots.notify_all()

    def wait_until_idle(self, timeout: float) -> bool:
        """Return whether nothing is in flight and no poll is open within `timeout` seconds."""
        with self._lock:
            return self._idle.wait_for(lambda: self._inflight.idle, timeout)

    def slot_job(self, message: InFlightMessage | None = None, verdict: Verdict | None = None) -> Job | None:
        """Return the next job of a thread slot that has finished `message`. None: there are no more jobs."""
        with self._lock:
            now = self._clock()
            if message is not None and verdict is not None:
                self._finish(message, verdict, now)
            self._free_slots += 1
            while (job := self._next_slot_job(now)) is None and not self._inflight.draining:
                self._slots.wait()
                now = self._clock()
            self._free_slots -= 1
            return job

    def coroutine_jobs(
        self, finished: Iterable[tuple[InFlightMessage, Verdict]], slots: int
    ) -> list[InFlightMessage]:
        """Record finished messages, and return those that may start in this number of free slots."""
        with self._lock:
            now = self._clock()
            for message, verdict in finished:
                self._finish(message, verdict, now)
            ready = self._inflight.ready(SlotKind.COROUTINE)
            jobs = (self._start(SlotKind.COROUTINE, now) for _ in range(min(slots, ready)))
            started = [message for message in jobs if message is not None]
            self._loop_is_full = len(started) == slots
            self._polls.loop_took(len(started), now)
            self._wake_others(now, at_once=True)
            return started

    def abandon(self, message: InFlightMessage, verdict: Verdict) -> None:
        """Settle a message whose handler does not end. Its thread is no slot any more."""
        with self as inflight:
            self.running.discard(message)
            inflight.abandoned(message, verdict, self._clock())
            self.counters.count(verdict)

    def _start(self, kind: SlotKind, now: float) -> InFlightMessage | None:
        message = self._inflight.start(kind, now)
        if message is not None:
            self.running.add(message)
            self._started += 1
        return message

    def _finish(self, message: InFlightMessage, verdict: Verdict, now: float) -> None:
        self.running.discard(message)
        self._inflight.finished(message, verdict, now)
        self.counters.count(verdict)

    def _next_slot_job(self, now: float) -> Job | None:
        leads = self._slots_lead
        job: Job | None = None
        if leads and self._inflight.batch_to_delete and self._inflight.credit.one_call_at_a_time:
            self._commands.extend(self._inflight.commands(now))
            job = self._commands.popleft() if self._commands else None
        job = job or self._start(SlotKind.THREAD, now)
        if not leads:
            self._wake_slots(False)
        elif job is None:
            job = self._polls.open(now)
        if self.on_coroutine_ready is not None:
            self._wake_coroutines(now)
        self._wake_others(now)
        return job

    def io_job(self) -> Poll | Command | None:
        """Return the next job of an I/O thread. None: there are no more jobs."""
        with self._lock:
            while True:
                now = self.io_active_at = self._clock()
                if (job := self._next_io_job(now)) is not None:
                    self._io_threads.replace_timer()
                    self._wake_io_threads(now)
                    return job
                if self._inflight.draining and self._inflight.idle:
                    self._wake_all()
                    return None
                self._io_threads.wait(now, self._next_due)

    def _next_io_job(self, now: float) -> Poll | Command | None:
        self._commands.extend(self._inflight.commands(now))
        self._wake_slots(self._started_at_last_check == self._started)  # none started: the leader is blocked
        self._started_at_last_check = self._started
        self._wake_coroutines(now)
        if self._commands:
            return self._commands.popleft()
        return None if self._slots_lead else self._polls.open(now)

    @property
    def _slots_lead(self) -> bool:
        """Whether a free slot polls. The last one does not while messages wait for a retry or their group."""
        quick = self._threads > 0 and self._inflight.credit.handlers_are_quick
        return quick and (self._free_slots > 1 or not self._inflight.waiting)

    @property
    def _slots_delete(self) -> bool:
        """Whether a leading slot also deletes. Over a network it polls instead."""
        return self._slots_lead and self._inflight.credit.one_call_at_a_time

    def _next_due(self, now: float) -> float:
        """Return when the timer has a job that no event announces."""
        if self._commands or (self._inflight.batch_to_delete and not self._slots_delete):
            return now
        leads, due = self._slots_lead, self._inflight.wake_at()
        next_due = inf if due is None else due
        if self._free_slots and self._inflight.ready(SlotKind.THREAD):
            next_due = min(next_due, now + TICK)
        if self._free_slots or not leads:
            poll_at = max(self._polls.next_at, now + TICK if leads else now)
            if poll_at < next_due and self._polls.size:
                return poll_at
        return next_due

    def _wake_others(self, now: float, at_once: bool = False) -> None:
        """Wake I/O threads and those that wait for the end, if an event concerns them.

        What is due within a tick the timer sees soon enough, unless `at_once`.
        """
        if self._inflight.draining:
            self._wake_all()
        elif self.run_limit.over and self.on_finished and self._nothing_runs:
            finished, self.on_finished = self.on_finished, None
            finished()
        if at_once or self._io_threads.timer_due_at > now + TICK or self._inflight.batch_to_delete:
            self._wake_io_threads(now)

    def _wake_io_threads(self, now: float) -> None:
        if self._io_threads.has_timer:
            self._io_threads.wake(now, self._next_due(now))

    @property
    def _nothing_runs(self) -> bool:
        return not (self.running or self._inflight.credit.polls or any(map(self._inflight.ready, SlotKind)))

    def _wake_coroutines(self, now: float) -> None:
        if (wake := self._coroutines_to_wake(now)) is not None:
            wake()

    def _coroutines_to_wake(self, now: float) -> Callable[[], None] | None:
        """Return `on_coroutine_ready` if it is to be called. A full event loop asks again by itself."""
        if self.on_coroutine_ready is None or self._loop_is_full:
            return None
        if not self._inflight.ready(SlotKind.COROUTINE):
            return None
        self._polls.loop_has_messages(now)
        return self.on_coroutine_ready

    def _wake_slots(self, leader_is_blocked: bool) -> None:
        if not self._free_slots:
            return
        if self._slots_lead and not leader_is_blocked:
            # The leader runs ready messages itself. Over a network a second leader's poll pays off.
            if self._inflight.credit.polls and self._polls.size:
                self._slots.notify()
        elif ready := self._inflight.ready(SlotKind.THREAD):
            self._slots.notify(ready)
        elif self._slots_lead and self._polls.size:
            self._slots.notify()

    def _wake_all(self) -> None:
        self._io_threads.wake_all()
        self._idle.notify_all()
