"""When the next poll may be opened, and when a worker stops receiving. No I/O; `now` is a parameter."""

from dataclasses import dataclass

from .commands import LONG_POLL, SHORT_POLL, Poll
from .state_machine import InFlight

TICK = 0.05
"""Seconds after which a ready message gets a slot of its own, however quick the leading slot is, and after
which the next poll is opened, however long the event loop takes."""


@dataclass(slots=True)
class RunLimit:
    """The limit of a run. Once it is reached, messages in flight are finished and the worker ends.

    Attributes:
        once: stop after one receive, whether or not it returns messages.
        until_empty: stop after a receive that returns no messages while nothing is in flight.
        messages: stop after this many messages; the last batch is handled whole. None for no limit.
        over: whether the limit is reached.
        recycle: whether the process should be replaced by a new one.
        received: messages so far.
        receives: successful receives so far, empty ones included.
    """

    once: bool = False
    until_empty: bool = False
    messages: int | None = None
    over: bool = False
    recycle: bool = False
    received: int = 0
    receives: int = 0

    def end(self) -> None:
        """End the run now, and have the process replaced."""
        self.over = self.recycle = True

    def allows(self, open_polls: int) -> bool:
        """Whether another poll may be opened besides `open_polls`."""
        return not self.over and not (self.once and open_polls)

    def poll_finished(self, received: int, idle: bool) -> None:
        """Count a successful receive. `idle`: nothing is in flight and no other poll is open."""
        self.received += received
        self.receives += 1
        enough = self.messages is not None and self.received >= self.messages
        self.recycle = self.recycle or enough
        if self.once or enough or (self.until_empty and idle):
            self.over = True


class Polls:
    """Opens the polls that `InFlight` has room for.

    If calls mostly use the CPU, polls and the event loop take turns: the next poll waits until the loop has
    started what the last one returned, and what finished at once is deleted. Threads that take turns do not
    compete for the GIL.

    Args:
        takes_turns: whether the event loop has all the slots.
        wait: longest wait time of a poll, in seconds.
    """

    def __init__(self, inflight: InFlight, run_limit: RunLimit, *, takes_turns: bool, wait: int) -> None:
        self._inflight = inflight
        self._run_limit = run_limit
        self._takes_turns = takes_turns
        self._wait = wait
        self._resume_at = 0.0
        self._loop_is_busy, self._turn_ends_at = False, 0.0

    def pause(self, until: float) -> None:
        """Open no poll before the given time."""
        self._resume_at = max(self._resume_at, until)

    def loop_has_messages(self, now: float) -> None:
        """The event loop has messages to start: its turn begins, unless it has begun."""
        if not self._loop_is_busy:
            self.loop_took(1, now)

    def loop_took(self, messages: int, now: float) -> None:
        """The event loop starts this number of messages; with none its turn ends."""
        self._loop_is_busy, self._turn_ends_at = messages > 0, now + TICK

    @property
    def next_at(self) -> float:
        """The earliest time of the next poll."""
        turn = self._takes_turns and self._inflight.credit.one_call_at_a_time
        if turn and (self._loop_is_busy or self._inflight.is_settling):
            return max(self._resume_at, self._turn_ends_at)
        return self._resume_at

    @property
    def size(self) -> int:
        """How many messages one more poll may ask for; 0 if no poll should be opened."""
        open_polls = self._inflight.credit.polls
        return self._inflight.next_poll_size() if self._run_limit.allows(open_polls) else 0

    def open(self, now: float) -> Poll | None:
        """Open a poll, or return None if it is not the time for one."""
        credit, size = self._inflight.credit, self.size
        if not size or now < self.next_at:
            return None
        # The first receive is short, so that the worker is soon known to be ready.
        short = credit.polls or not (self._run_limit.receives or self._run_limit.once)
        credit.poll_started(size)
        return Poll(size, min(SHORT_POLL if short else LONG_POLL, self._wait))
