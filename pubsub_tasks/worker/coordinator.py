"""Shares `InFlight` between threads under one lock, and gives each thread its next job.

While handlers are quick, a free slot leads: it polls, runs what it received and deletes it. No other thread
is woken, since in CPython that costs more than the work. Over a network I/O threads delete meanwhile. When
handlers are slow, slots only handle, and I/O threads poll and settle; one of them waits for what is due next.
"""

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from threading import Condition, Lock

from ..inflight.commands import LONG_POLL, SHORT_POLL, Command, Job, Poll
from ..inflight.in_flight import InFlight
from ..inflight.in_flight_message import InFlightMessage, SlotKind
from ..inflight.run_limit import RunLimit
from ..verdicts import Verdict
from ..worker_health.counters import Counters

TICK = 0.05
"""Seconds within which a message that could start gets a slot, however quick the handlers before it were."""

NEVER = float("inf")


class Coordinator(AbstractContextManager[InFlight]):
    """Where slots and hands get their jobs. `with station as inflight:` reports an event under the lock.

    `on_coroutine` is called when a coroutine could start, and `on_finished` once, when the stint is over and
    nothing runs any more. Both are called under the lock: they must only pass it on.
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
        self._threads, self._wait = threads, wait
        self.run_limit = run_limit or RunLimit()
        self.on_coroutine: Callable[[], None] | None = None
        self.on_finished: Callable[[], None] | None = None
        self._lock = Lock()
        self._slots = Condition(self._lock)
        self._hands = Condition(self._lock)
        self._keeper = Condition(self._lock)
        self._done = Condition(self._lock)
        self._free_slots = 0
        self.running: set[InFlightMessage] = set()
        self._started = self._seen = 0
        self.turned_at = clock()
        self._commands: deque[Command] = deque()
        self._keeping = False
        self._looks_at = NEVER
        self._resume_polls_at = 0.0
        self.counters = Counters()

    # For those who report an event

    def __enter__(self) -> InFlight:
        self._lock.acquire()
        return self._inflight

    def __exit__(self, *raised: object) -> None:
        try:
            self._wake_slots(self._inflight.credit.mean_seconds is None)
            self._pass_on(self._clock())
        finally:
            self._lock.release()

    def pause_polls(self, seconds: float) -> None:
        """Receiving failed: no poll for so long."""
        with self:
            self._resume_polls_at = max(self._resume_polls_at, self._clock() + seconds)

    def end_run(self) -> None:
        """Receive no more, but finish what is in hand."""
        with self:
            self.run_limit.end()

    def drain(self) -> None:
        """Receive and start no more."""
        with self as inflight:
            inflight.drain(self._clock())
            self._slots.notify_all()

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether everything in hand was settled and every poll ended within `timeout` seconds."""
        with self._lock:
            return self._done.wait_for(lambda: self._inflight.idle, timeout)

    # For slots

    def slot_job(self, held: InFlightMessage | None = None, verdict: Verdict | None = None) -> Job | None:
        """The next job of a thread slot, which has just finished `held`; None when there will be no more."""
        with self._lock:
            now = self._clock()
            if held is not None and verdict is not None:
                self._finish(held, verdict, now)
            self._free_slots += 1
            while (job := self._slot_job(now)) is None and not self._inflight.draining:
                self._slots.wait()
                now = self._clock()
            self._free_slots -= 1
            return job

    def coroutine_jobs(
        self, finished: Iterable[tuple[InFlightMessage, Verdict]], slots: int
    ) -> list[InFlightMessage]:
        """What these many free slots may start, after these have finished."""
        with self._lock:
            now = self._clock()
            for held, verdict in finished:
                self._finish(held, verdict, now)
            ready = self._inflight.ready(SlotKind.COROUTINE)
            started = [self._start(SlotKind.COROUTINE, now) for _ in range(min(slots, ready))]
            self._pass_on(now)
            return [held for held in started if held is not None]

    def abandon(self, held: InFlightMessage, verdict: Verdict) -> None:
        """Its handler will not come back: its thread is nobody's slot any more."""
        with self as inflight:
            self.running.discard(held)
            inflight.abandoned(held, verdict, self._clock())
            self.counters.decided(verdict)

    def _start(self, kind: SlotKind, now: float) -> InFlightMessage | None:
        held = self._inflight.start(kind, now)
        if held is not None:
            self.running.add(held)
            self._started += 1
        return held

    def _finish(self, held: InFlightMessage, verdict: Verdict, now: float) -> None:
        self.running.discard(held)
        self._inflight.finished(held, verdict, now)
        self.counters.decided(verdict)

    def _slot_job(self, now: float) -> Job | None:
        leads = self._slots_lead
        job: Job | None = self._batch_to_delete(now) or self._start(SlotKind.THREAD, now)
        if not leads:
            self._wake_slots(False)
        elif job is None:
            job = self._poll(now)
        self._pass_on(now)
        return job

    def _batch_to_delete(self, now: float) -> Command | None:
        if not (self._inflight.batch_to_delete and self._slots_delete):
            return None
        self._commands.extend(self._inflight.commands(now))
        return self._commands.popleft() if self._commands else None

    # For hands

    def hand_job(self) -> Poll | Command | None:
        """The next job of an I/O thread; None when there will be no more."""
        with self._lock:
            while True:
                now = self.turned_at = self._clock()
                if (job := self._hand_job(now)) is not None:
                    if not self._keeping:
                        self._hands.notify()  # somebody else keeps the time now
                    return job
                if self._inflight.draining and self._inflight.idle:
                    self._wake_all()
                    return None
                self._rest(now)

    def _hand_job(self, now: float) -> Poll | Command | None:
        self._commands.extend(self._inflight.commands(now))
        self._wake_slots(self._seen == self._started)  # nothing started since: whoever leads is held up
        self._seen = self._started
        self._wake_coroutines()
        if self._commands:
            return self._commands.popleft()
        return None if self._slots_lead else self._poll(now)

    def _rest(self, now: float) -> None:
        if self._keeping:
            self._hands.wait()
            return
        self._keeping, self._looks_at = True, self._next_look(now)
        self._keeper.wait(max(0.001, min(LONG_POLL, self._looks_at - now)))
        self._keeping = False

    # For both

    @property
    def _slots_lead(self) -> bool:
        """Whether a free slot polls: not the last one while messages wait for a slot of their own time."""
        quick = self._threads > 0 and self._inflight.credit.handlers_are_quick
        return quick and (self._free_slots > 1 or not self._inflight.waiting)

    @property
    def _slots_delete(self) -> bool:
        """Whether a slot that leads deletes too: not over a network, where it had better poll meanwhile."""
        return self._slots_lead and self._inflight.credit.one_call_at_a_time

    def _poll(self, now: float) -> Poll | None:
        asked = self._credit()
        if not asked or now < self._resume_polls_at:
            return None
        short = self._inflight.credit.polls or not (
            self.run_limit.receives or self.run_limit.once
        )  # soon to know it works
        self._inflight.credit.poll_started(asked)
        return Poll(asked, min(SHORT_POLL if short else LONG_POLL, self._wait))

    def _credit(self) -> int:
        return self._inflight.next_poll_size() if self.run_limit.allows(self._inflight.credit.polls) else 0

    def _next_look(self, now: float) -> float:
        """When something is due that no event will tell of."""
        if self._commands:
            return now
        leads, due = self._slots_lead, self._inflight.wake_at()
        looks = NEVER if due is None else due
        if self._inflight.batch_to_delete and not self._slots_delete:
            looks = now
        if self._free_slots and self._inflight.ready(SlotKind.THREAD):
            looks = min(looks, now + TICK)
        if (self._free_slots or not leads) and self._credit():
            looks = min(looks, max(self._resume_polls_at, now + TICK if leads else now))
        return looks

    def _pass_on(self, now: float) -> None:
        """Wake whom an event concerns: coroutines, the keeper of the time, those who wait for the end."""
        self._wake_coroutines()
        if self._inflight.draining:
            self._wake_all()
        elif self.run_limit.over and self.on_finished and self._quiet:
            finished, self.on_finished = self.on_finished, None
            finished()
        late = self._looks_at > now + TICK or self._inflight.batch_to_delete
        if self._keeping and late and self._next_look(now) < self._looks_at:
            self._keeper.notify()

    @property
    def _quiet(self) -> bool:
        """Whether nothing runs, nor could, and no poll is open."""
        return not (self.running or self._inflight.credit.polls or any(map(self._inflight.ready, SlotKind)))

    def _wake_coroutines(self) -> None:
        if self.on_coroutine is not None and self._inflight.ready(SlotKind.COROUTINE):
            self.on_coroutine()

    def _wake_slots(self, held_up: bool) -> None:
        """While a slot leads, and is not held up, one more to lead: over a network two polls are better."""
        if self._free_slots and (held_up or not self._slots_lead):
            self._slots.notify(
                self._inflight.ready(SlotKind.THREAD) or (self._slots_lead and self._credit() > 0)
            )
        elif self._free_slots and self._inflight.credit.polls and self._credit():
            self._slots.notify()

    def _wake_all(self) -> None:
        self._keeper.notify()
        self._hands.notify_all()
        self._done.notify_all()
