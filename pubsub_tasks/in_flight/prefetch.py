"""Credit: how many messages to prefetch, and how many polls to keep open. Works on counts only.

A message should not be received before it can start soon: if it is given back it has spent an attempt, and
another worker could have run it meanwhile. So polls are opened for the free slots, and for a few messages
more (the prefetch) only while handlers are so fast that those start within a second.
"""

from math import inf

from ..wire.records import MAX_BATCH
from .in_flight_message import Limits, SlotKind

SOON = 1.0
"""Seconds within which every prefetched message should start."""

QUICK = 0.001
"""Seconds of mean handling time below which passing a message to another thread costs more than it gains."""

MEAN_WEIGHT = 0.02
"""Weight of one handler in the mean handling time, once there were enough."""

ESTIMATE_GROWTH = 1.02
"""Factor by which each full poll raises the estimate of polls per core, since it may be outdated."""


class Credit:
    """Counts open polls and decides how many more to open, and for how many messages.

    Attributes:
        mean_seconds: mean handling time, weighted towards recent handlers; None before the first one.
        handlers_are_quick: True if waking another thread is not worth it, or no handling time is known yet.
        one_at_a_time: set to True to have at most one message in flight.
        polls: open polls.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._slots = {SlotKind.THREAD: limits.threads, SlotKind.COROUTINE: limits.coroutines}
        self._total_slots = limits.slots
        self.mean_seconds: float | None = None
        self.handlers_are_quick = True
        self.one_at_a_time = False
        self.polls = 0
        self._handled = 0
        self._asked = 0
        self._wanted_polls = 1
        self._polls_per_core = inf

    def handler_finished(self, seconds: float) -> None:
        """Add a handling time to the mean.

        A single handler moves the mean only a little: on a busy machine a handler of microseconds may lose
        its core for ten milliseconds. The first ones count alike, since the very first is slow: it makes what
        is made once.
        """
        self._handled += 1
        mean = self.mean_seconds or 0.0
        self.mean_seconds = mean + max(MEAN_WEIGHT, 1 / self._handled) * (seconds - mean)
        self.handlers_are_quick = self.mean_seconds < QUICK

    @property
    def prefetch(self) -> int:
        """How many messages may be in flight beyond the free slots.

        As configured, or else one batch per receiver, one batch, or none: the most that starts within `SOON`
        seconds at the mean handling time. Zero until the first handler has finished.
        """
        if self._limits.prefetch is not None:
            return self._limits.prefetch
        if self.mean_seconds is None:
            return 0
        starts_within = self.mean_seconds / self._total_slots
        for polls in (self._limits.receivers, 1):
            if MAX_BATCH * polls * starts_within <= SOON:
                return MAX_BATCH * polls
        return 0

    @property
    def waiting_limit(self) -> int:
        """How many messages may wait behind another of their group, or for their next attempt."""
        return max(100, 10 * self._total_slots)

    @property
    def unsettled_limit(self) -> int:
        """How many messages may be in flight besides the waiting ones: bounds failing settlements."""
        return 10 * self.waiting_limit + (self._limits.prefetch or 0)

    def room(
        self, running: dict[SlotKind, int], ready: dict[SlotKind, int], waiting: int, unsettled: int = 0
    ) -> int:
        """How many messages may be received beyond those that open polls may return.

        Args:
            running: messages that run, by kind of slot.
            ready: messages that have no slot yet, by kind of slot.
            waiting: messages that wait behind another of their group or for their next attempt. All messages
                of a FIFO queue may turn out to wait.
            unsettled: all messages that are not settled, including calls under way and calls that failed.
        """
        free = self._total_slots - sum(running.values())
        buffered = sum(ready.values())
        if self.one_at_a_time:
            return 1 if free == self._total_slots and not (buffered or waiting or self._asked) else 0
        prefetch = self.prefetch
        if any(ready[kind] > prefetch + slots for kind, slots in self._slots.items()):
            return 0  # one kind of slot has a full buffer, and the next messages may be of that kind too
        room = min(
            free + prefetch - buffered,
            self.waiting_limit - waiting,
            self.unsettled_limit - (unsettled - waiting),
        )
        return max(0, room - self._asked)

    @property
    def polls_enough(self) -> bool:
        """True if no more polls are wanted; cheaper than computing the room."""
        return self.polls >= self._wanted_polls

    @property
    def one_call_at_a_time(self) -> bool:
        """True if calls use more CPU time than they wait: concurrent calls would compete for one core."""
        return self._polls_per_core < 2

    def poll_size(self, room: int, buffered: int) -> int:
        """How many messages to ask for in one more poll, or 0.

        Less than a full batch is worth a poll only if no message is buffered, for slots that are idle.
        """
        if self.polls_enough or room < 1 or (room < MAX_BATCH and buffered):
            return 0
        return min(MAX_BATCH, room)

    def poll_started(self, asked: int) -> None:
        """A poll for that many messages was opened."""
        self.polls += 1
        self._asked += asked

    def poll_finished(self, asked: int, received: int, polls_per_core: float = inf) -> None:
        """A poll ended. One poll is enough while the queue is empty, more are wanted while it is not.

        `polls_per_core` is how many such polls one core could carry: the duration of the call divided by its
        CPU time. The smallest of recent values counts: a busy core makes work look like waiting, and so does
        a queue that was empty for a while.
        """
        self.polls -= 1
        self._asked -= asked
        if received == 0:
            self._wanted_polls = 1
        elif 2 * received >= asked:
            self._polls_per_core = min(polls_per_core, ESTIMATE_GROWTH * self._polls_per_core)
            most = max(1, min(self._limits.receivers, self._polls_per_core))
            self._wanted_polls = int(min(most, self._wanted_polls + 1))
        else:
            self._wanted_polls = max(1, self._wanted_polls - 1)
