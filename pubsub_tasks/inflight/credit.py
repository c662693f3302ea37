"""Credit: how much more may be received. Pure arithmetic on counts; it refuses to know single messages.

Never receive what cannot start soon: a message in a buffer spends an attempt when it is given back, and on
another worker it would have run. So a poll is allowed for the slots that are free, and for a little more only
while handling is so quick that the little more starts within a second.
"""

from math import inf

from ..wire.records import MAX_BATCH
from .in_flight_message import Limits, SlotKind

SOON = 1.0
"""Seconds within which all that is prefetched should start."""

QUICK = 0.001
"""Seconds of mean handling time below which handing a message to another thread costs more than it gains."""

RECENT = 0.02
"""The weight of one handling in the mean."""

FORGETTING = 1.02
"""By how much each full poll raises what was measured before it, since that need not stay true."""


class Credit:
    """Polls under way, and how many more are worth making. `single`: have one message at a time in hand."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._slots = {SlotKind.THREAD: limits.threads, SlotKind.COROUTINE: limits.coroutines}
        self.mean: float | None = None
        self.single = False
        self.polls = 0
        self._asked = 0
        self._worthwhile = 1
        self._at_once = inf

    def handled(self, seconds: float) -> None:
        """A handler took so long; the mean leans towards the recent, and is moved little by a single one.

        On a crowded machine a handler of microseconds may lose its core for ten milliseconds.
        """
        self.mean = seconds if self.mean is None else self.mean + RECENT * (seconds - self.mean)

    @property
    def prefetch(self) -> int:
        """How many messages more than there are free slots may be in hand."""
        if self._limits.prefetch is not None:
            return self._limits.prefetch
        if self.mean is None:
            return 0
        starts_within = self.mean / self._limits.slots
        for polls in (self._limits.receivers, 1):
            if MAX_BATCH * polls * starts_within <= SOON:
                return MAX_BATCH * polls
        return 0

    @property
    def waiting_limit(self) -> int:
        """How many may wait in hand without a slot, behind another of their group or for their next try."""
        return max(100, 10 * self._limits.slots)

    @property
    def unsettled_limit(self) -> int:
        """How many may be in hand beside those that wait: where settlements fail, more would only pile up."""
        return 10 * self.waiting_limit + (self._limits.prefetch or 0)

    def left(
        self, running: dict[SlotKind, int], ready: dict[SlotKind, int], waiting: int, in_hand: int = 0
    ) -> int:
        """How many messages may be received beyond those that open polls may bring.

        Those of a FIFO queue may all turn out to wait, behind others of their group. `in_hand` is everything
        that is not settled for good, calls under way and calls that failed included.
        """
        free = self._limits.slots - sum(running.values())
        buffered = sum(ready.values())
        if self.single:
            return 1 if free == self._limits.slots and not (buffered or waiting or self._asked) else 0
        if any(ready[kind] > self.prefetch + slots for kind, slots in self._slots.items()):
            return 0  # one kind of slot is full to the brim; more would be of that kind again
        room = min(
            free + self.prefetch - buffered,
            self.waiting_limit - waiting,
            self.unsettled_limit - (in_hand - waiting),
        )
        return max(0, room - self._asked)

    @property
    def enough(self) -> bool:
        """Whether as many polls are under way as are worth making; cheaper to ask than what is left."""
        return self.polls >= self._worthwhile

    @property
    def quick(self) -> bool:
        """Whether handlers are so quick, or none is known to be slow, that nobody else is worth waking."""
        return self.mean is None or self.mean < QUICK

    @property
    def alone(self) -> bool:
        """Whether one call at a time is best: calls work more than they wait, and threads share the core."""
        return self._at_once < 2

    def ask(self, left: int, buffered: int) -> int:
        """How many to ask for in one more poll, or 0: a poll for less than a batch only feeds idle slots."""
        if self.enough or left < 1 or (left < MAX_BATCH and buffered):
            return 0
        return min(MAX_BATCH, left)

    def polling(self, asked: int) -> None:
        """A poll for so many was begun."""
        self.polls += 1
        self._asked += asked

    def polled(self, asked: int, brought: int, at_once: float = inf) -> None:
        """It ended. One poll is enough while the queue is empty; more are worth it while it is not.

        `at_once` is how many such polls one core could carry: a poll that works more than it waits is better
        alone, since threads share the core. The least of late counts: a crowded core makes work look like
        waiting, and so does a queue that was empty for a while.
        """
        self.polls -= 1
        self._asked -= asked
        if brought == 0:
            self._worthwhile = 1
        elif 2 * brought >= asked:
            self._at_once = min(at_once, FORGETTING * self._at_once)
            most = max(1, min(self._limits.receivers, self._at_once))
            self._worthwhile = int(min(most, self._worthwhile + 1))
        else:
            self._worthwhile = max(1, self._worthwhile - 1)
