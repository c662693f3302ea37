"""Guard against a foreign queue: keeps a worker from emptying a queue whose messages are not for its app.

With a wrong queue URL or a wrong app, no message can be handled. Unknown messages may be sent to the right
queue as well, so they never stop a worker: it slows down until the first message that it can handle. The
guard has no lock; its owner holds one around every call.
"""

from collections import Counter
from math import inf

from ..batches.backoff import FOREIGN_QUEUE_POLLS, UNKNOWN_MESSAGES
from ..messages.delivery import Delivery
from ..verdicts import DeadLetter, Retry, Verdict
from ..wire.origins import describe
from .retry_arguments import first_received_at

UNHANDLED_AT_FIRST = 10
"""Messages that cannot be handled before the guard acts."""

MIN_AGE = 3600.0
"""Seconds since its first receive before a message is dead-lettered by a worker that has handled nothing."""

WARN_EVERY = 60.0
"""Seconds between two warnings."""

MOST_KINDS = 20
"""Kinds of messages that are counted separately, since senders can make up any number of media types."""

_UNHANDLED_REASONS = frozenset({"unknown", "undecodable", "confirmation"})


def hidden_seconds(receives: int, age: float, max_receive_count: int | None) -> float | None:
    """Seconds to hide a message that cannot be handled; None once it may be dead-lettered.

    Args:
        receives: how often it was received, from 1.
        age: seconds since it was first received.
        max_receive_count: of the redrive policy, or None. The last receives are saved until the message is
            old enough, since SQS moves it away once they are spent.
    """
    left = MIN_AGE - age
    if left <= 0:
        return None
    if max_receive_count is not None and receives >= max_receive_count - 1:
        return left
    return min(UNKNOWN_MESSAGES.seconds(receives), left)


class ForeignQueueGuard:
    """Reviews the verdicts of one worker until its first message is handled.

    Args:
        max_receive_count: of the queue's redrive policy, or None.
        fifo: on a FIFO queue the guard only warns: to hide a message would hold up or reorder its group.

    Attributes:
        active: True until the first message is handled.
    """

    def __init__(self, max_receive_count: int | None = None, *, fifo: bool = False) -> None:
        self.active = True
        self._max_receive_count = max_receive_count
        self._fifo = fifo
        self._unhandled = 0
        self._kinds: Counter[str] = Counter()
        self._warned_at = -inf

    def message_handled(self) -> None:
        """Switch off: a message was passed to its task, so the queue is the right one."""
        self.active = False

    @property
    def slow(self) -> bool:
        """Whether to receive one message at a time, with pauses."""
        return self.active and not self._fifo and self._unhandled >= UNHANDLED_AT_FIRST

    @property
    def pause(self) -> float:
        """Seconds to wait before the next receive."""
        acted = self._unhandled - UNHANDLED_AT_FIRST + 1
        return FOREIGN_QUEUE_POLLS.seconds(acted) if self.slow else 0.0

    def review(self, delivery: Delivery, verdict: Verdict, now: float) -> Verdict:
        """Return the verdict to carry out instead of one that was reached without calling a task.

        The first `UNHANDLED_AT_FIRST` dead letters pass, and all on a FIFO queue. `now` is epoch seconds.
        """
        if not (self.active and isinstance(verdict, DeadLetter) and verdict.reason in _UNHANDLED_REASONS):
            return verdict
        acts = self.slow
        self._unhandled += 1
        kind = describe(delivery.record.body, delivery.media_type)
        self._kinds[kind if kind in self._kinds or len(self._kinds) < MOST_KINDS else "others"] += 1
        if not acts:
            return verdict
        age = now - first_received_at(delivery, now)
        seconds = hidden_seconds(delivery.receives, age, self._max_receive_count)
        return verdict if seconds is None else Retry(seconds, verdict.error)

    def warning(self, now: float) -> str | None:
        """The warning to log now, at most one every `WARN_EVERY` seconds; otherwise None."""
        if not self.active or self._unhandled < UNHANDLED_AT_FIRST or now - self._warned_at < WARN_EVERY:
            return None
        self._warned_at = now
        kinds = ", ".join(f"{kind} ({count})" for kind, count in self._kinds.most_common(5))
        then = (
            "It is a FIFO queue, so they are dead-lettered"
            if self._fifo
            else "Until one can be handled, messages are received one at a time and given back, and none is "
            "dead-lettered in its first hour. To dead-letter or drop them at once, give --unknown"
        )
        return (
            f"none of {self._unhandled} messages received so far can be handled; they look like: {kinds}. "
            f"Are the queue's URL and the app the right ones? {then}"
        )
