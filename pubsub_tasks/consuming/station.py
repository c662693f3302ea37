"""Station: `InFlight` behind one lock, and the threads that come to it for their next job.

Leader and followers: while handlers are quick, the slot that is free polls, runs what it received and
deletes it, and nobody is woken, since in CPython waking another thread costs more than the work. When
handlers are slow the slots only handle; the hands poll and settle beside them, and what can start wakes a
slot. It decides who does what, and refuses to know how any of it is done.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Condition, Lock
from types import TracebackType

from ..verdicts import Verdict
from .held import Command, Held, Kind
from .inflight import InFlight
from .tally import Tally

QUICK = 0.001
"""Seconds of mean handling time below which handing a message to another thread costs more than it gains."""

TICK = 0.05
"""Seconds within which a message that could start gets a slot, however quick the handlers before it were."""

LONG_POLL = 20
"""Seconds. Source: SQS API reference, ReceiveMessage, WaitTimeSeconds."""

SHORT_POLL = 1
"""Seconds of every poll beside the long one: these are for a queue that is full, and must not hold a slot."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Receive up to `asked` messages, waiting up to `wait` seconds."""

    asked: int
    wait: int


Job = Held | Poll | Command


class Station(AbstractContextManager[InFlight]):
    """Where slots and hands get their jobs. `with station as inflight:` reports an event under the lock."""

    def __init__(
        self,
        inflight: InFlight,
        clock: Callable[[], float],
        *,
        threads: int,
        wait: int = LONG_POLL,
    ) -> None:
        self._inflight = inflight
        self._clock = clock
        self._threads = threads
        self._wait = wait
        self.on_coroutine: Callable[[], None] | None = None
        self._lock = Lock()
        self._slots = Condition(self._lock)
        self._hands = Condition(self._lock)
        self._done = Condition(self._lock)
        self._idle_slots = 0
        self._commands: deque[Command] = deque()
        self._keeper_wakes_at: float | None = None
        self._resume_polls_at = 0.0
        self.tally = Tally()

    # For those who report an event

    def __enter__(self) -> InFlight:
        self._lock.acquire()
        return self._inflight

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._wake()
        finally:
            self._lock.release()

    def pause_polls(self, seconds: float) -> None:
        """Receiving failed: no poll for so long."""
        with self._lock:
            self._resume_polls_at = self._clock() + seconds

    def drain(self) -> None:
        """Receive and start no more."""
        with self as inflight:
            inflight.drain(self._clock())
            self._slots.notify_all()
            self._hands.notify_all()

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether everything in hand was settled and every poll ended within `timeout` seconds."""
        with self._lock:
            return self._done.wait_for(lambda: self._inflight.idle, timeout)

    # For slots

    def slot_job(self, held: Held | None = None, verdict: Verdict | None = None) -> Job | None:
        """The next job of a thread slot, which has just finished `held`; None when there will be no more."""
        with self._lock:
            now = self._clock()
            if held is not None and verdict is not None:
                self._finish(held, verdict, now)
            while (job := self._slot_job(now)) is None and not self._inflight.draining:
                self._idle_slots += 1
                self._slots.wait()
                self._idle_slots -= 1
                now = self._clock()
            return job

    def coroutine_job(self, held: Held | None = None, verdict: Verdict | None = None) -> Held | None:
        """The next delivery for a coroutine, or None: there is nothing now."""
        with self._lock:
            now = self._clock()
            if held is not None and verdict is not None:
                self._finish(held, verdict, now)
                self._call_hands(now)
            return self._inflight.start(Kind.COROUTINE, now)

    def _finish(self, held: Held, verdict: Verdict, now: float) -> None:
        self._inflight.finished(held, verdict, now)
        self.tally.decided(verdict)

    def _slot_job(self, now: float) -> Job | None:
        leads = self._slots_lead
        if leads and self._inflight.batch_to_delete:
            self._commands.extend(self._inflight.commands(now))
            return self._commands.popleft() if self._commands else None
        held = self._inflight.start(Kind.THREAD, now)
        if held is None and leads and (self._idle_slots or not self._inflight.waiting):
            return self._poll(now)
        if not leads:
            self._wake_slots()
        self._call_hands(now)
        return held

    # For hands

    def hand_job(self) -> Poll | Command | None:
        """The next job of an I/O thread; None when there will be no more."""
        with self._lock:
            while True:
                now = self._clock()
                job = self._hand_job(now)
                if job is not None:
                    self._hands.notify()  # somebody else keeps the time now
                    return job
                if self._inflight.draining and self._inflight.idle:
                    self._hands.notify_all()
                    self._done.notify_all()
                    return None
                self._rest(now)

    def _hand_job(self, now: float) -> Poll | Command | None:
        self._commands.extend(self._inflight.commands(now))
        self._wake_slots()
        if self._commands:
            return self._commands.popleft()
        return None if self._slots_lead and self._threads else self._poll(now)

    def _rest(self, now: float) -> None:
        if self._keeper_wakes_at is not None:
            self._hands.wait()
            return
        wakes = [at for at in (self._inflight.wake_at(), self._poll_resumes(now)) if at is not None]
        if self._inflight.ready(Kind.THREAD) or (self._slots_lead and not self._inflight.polls):
            wakes.append(now + TICK)
        self._keeper_wakes_at = min(wakes, default=float("inf"))
        rest = self._keeper_wakes_at - now
        self._hands.wait(None if rest == float("inf") else max(0.001, rest))
        self._keeper_wakes_at = None

    def _poll_resumes(self, now: float) -> float | None:
        return self._resume_polls_at if self._resume_polls_at > now else None

    # For both

    @property
    def _slots_lead(self) -> bool:
        mean = self._inflight.mean
        return self._threads > 0 and (mean is None or mean < QUICK)

    def _poll(self, now: float) -> Poll | None:
        asked = self._inflight.credit()
        if not asked or now < self._resume_polls_at:
            return None
        wait = SHORT_POLL if self._inflight.polls else LONG_POLL
        self._inflight.polling(asked)
        return Poll(asked, min(wait, self._wait))

    def _wake(self) -> None:
        now = self._clock()
        if self.on_coroutine is not None and self._inflight.ready(Kind.COROUTINE):
            self.on_coroutine()
        if self._inflight.mean is None or not self._slots_lead:
            self._wake_slots()
        self._call_hands(now)
        if self._inflight.draining:
            self._hands.notify_all()
            self._done.notify_all()

    def _wake_slots(self) -> None:
        if not self._idle_slots:
            return
        ready = self._inflight.ready(Kind.THREAD)
        if ready:
            self._slots.notify(min(ready, self._idle_slots))
        elif self._slots_lead and not self._inflight.polls and self._inflight.credit():
            self._slots.notify()  # to lead

    def _call_hands(self, now: float) -> None:
        """Wake the one that keeps the time, if what just happened is due before it would wake."""
        if self._keeper_wakes_at is None or self._keeper_wakes_at <= now + TICK:
            return
        due = self._inflight.wake_at()
        if (
            self._inflight.batch_to_delete
            or self._inflight.ready(Kind.THREAD)
            or (due is not None and due < self._keeper_wakes_at)
            or (not self._slots_lead and self._inflight.credit())
        ):
            self._hands.notify()
