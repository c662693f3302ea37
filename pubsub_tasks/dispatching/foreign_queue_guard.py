"""Guard: keeps a worker from emptying a queue of somebody else's messages. Pure; the owner has the lock.

A wrong URL, or a wrong app, shows as a queue of which nothing can be handled. Anybody may send odd messages
to the right queue too, so they never stop a worker: it goes on slowly, until there is one that it can handle.
"""

from collections import Counter
from math import inf

from ..batches.backoff import FOREIGN_QUEUE_POLLS, UNKNOWN_MESSAGES
from ..messages.delivery import Delivery
from ..verdicts import DeadLetter, Retry, Verdict
from ..wire.origins import describe
from .screening import tried

ODD_AT_FIRST = 10
"""Messages that cannot be handled before the guard acts."""

MIN_AGE = 3600.0
"""Seconds since its first receive before a message is dead-lettered by a worker that has handled nothing."""

TELL_EVERY = 60.0
"""Seconds between two lines in the log."""

MOST_LOOKS = 20
"""Kinds of messages that are counted apart; senders could think of more."""

_ODD = frozenset({"unknown", "undecodable", "confirmation"})


def hold(receives: int, age: float, max_receive_count: int | None) -> float | None:
    """Seconds for which to give a message back that cannot be handled; None once it may be dead-lettered.

    Args:
        receives: how often it was received, from 1.
        age: seconds since it was first received.
        max_receive_count: the redrive policy's. The last receives are kept until the message is old enough,
            since SQS moves it away when they are spent.
    """
    left = MIN_AGE - age
    if left <= 0:
        return None
    if max_receive_count is not None and receives >= max_receive_count - 1:
        return left
    return min(UNKNOWN_MESSAGES.seconds(receives), left)


def pause(count: int) -> float:
    """Seconds to wait before the next receive, after so many messages since the guard began to act."""
    return FOREIGN_QUEUE_POLLS.seconds(count)


class Guard:
    """Watches what one worker makes of its queue until the first message is handled; then it is off.

    Args:
        max_receive_count: the queue's, or None.
        fifo: a FIFO queue is only told about: to hold a message there would hold up or reorder its group.
    """

    def __init__(self, max_receive_count: int | None = None, *, fifo: bool = False) -> None:
        self.on = True
        self._max_receive_count = max_receive_count
        self._fifo = fifo
        self._odd = 0
        self._looks: Counter[str] = Counter()
        self._told_at = -inf

    def handled(self) -> None:
        """A message was given to its task: the queue is the right one."""
        self.on = False

    @property
    def slow(self) -> bool:
        """Whether to receive one message at a time, with pauses."""
        return self.on and not self._fifo and self._odd >= ODD_AT_FIRST

    @property
    def pause(self) -> float:
        """Seconds to wait before the next receive."""
        return pause(self._odd - ODD_AT_FIRST + 1) if self.slow else 0.0

    def decided(self, delivery: Delivery, verdict: Verdict, now: float) -> Verdict:
        """What becomes of a delivery that dispatch decided so without calling a task. `now` is epoch seconds.

        The first `ODD_AT_FIRST` are dead-lettered as dispatch says, and so are all on a FIFO queue.
        """
        if not (self.on and isinstance(verdict, DeadLetter) and verdict.reason in _ODD):
            return verdict
        acts = self.slow
        self._odd += 1
        look = describe(delivery.record.body, delivery.media_type)
        self._looks[look if look in self._looks or len(self._looks) < MOST_LOOKS else "others"] += 1
        if not acts:
            return verdict
        age = now - tried(delivery, now)["first_received_at"]
        seconds = hold(delivery.receives, age, self._max_receive_count)
        return verdict if seconds is None else Retry(seconds, verdict.error)

    def warning(self, now: float) -> str | None:
        """What to log at `now`, at most once in `TELL_EVERY` seconds; None for nothing."""
        if not self.on or self._odd < ODD_AT_FIRST or now - self._told_at < TELL_EVERY:
            return None
        self._told_at = now
        looks = ", ".join(f"{look} ({count})" for look, count in self._looks.most_common(5))
        then = (
            "It is a FIFO queue, so they are not held back"
            if self._fifo
            else "Until one can be handled, messages are received one at a time and given back, and none is "
            "dead-lettered in its first hour. To dead-letter or drop them at once, give --unknown"
        )
        return (
            f"none of {self._odd} receives so far brought a message that can be handled; the messages look "
            f"like: {looks}. Are the queue's URL and the app the right ones? {then}"
        )
