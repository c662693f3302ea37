"""Exponential back-off: the one formula of the package, and the waits of everything that is tried again.

The waits between the attempts of a task are not here: they are part of its retry policy, see `tasks`.
"""

from typing import NamedTuple

from ..wire.records import MAX_VISIBILITY

_MOST_DOUBLINGS = 32
"""More would reach no other wait than `cap`, and in the end overflow."""


class Backoff(NamedTuple):
    """Waits that double with each failure in a row.

    Attributes:
        first: seconds after the first failure.
        cap: the longest wait, in seconds.
        jitter: the random share of each wait, from 0 for none to 1 for all of it.
    """

    first: float
    cap: float
    jitter: float = 0.0

    def seconds(self, failures: int, chance: float = 1.0) -> float:
        """Seconds to wait after this many failures in a row.

        `chance` is a random number from 0 for the shortest to 1 for the longest wait that jitter allows.
        """
        doublings = min(max(failures - 1, 0), _MOST_DOUBLINGS)
        longest: float = min(self.cap, self.first * 2.0**doublings)
        return longest * (1 - self.jitter * (1 - chance))


CALLS = Backoff(first=0.4, cap=30.0, jitter=0.5)
"""Receives, deletes and visibility changes of a worker; sends to a dead-letter queue."""

PUBLISHES = Backoff(first=0.2, cap=2.0, jitter=1.0)
"""Entries of a publish. They are short because the caller may be waiting."""

MOVES = Backoff(first=0.5, cap=30.0)
"""Entries of a move or replay of dead letters."""

WORKER_FAULTS = Backoff(first=2.0, cap=900.0)
"""Deliveries that a fault of the worker itself, not of the handler, kept from being handled."""

PROCESS_RESTARTS = Backoff(first=1.0, cap=30.0)
"""Starts of a worker process that crashed."""

UNREADABLE_MESSAGES = Backoff(first=60.0, cap=float(MAX_VISIBILITY))
"""Messages that cannot be read, on a queue without a dead-letter queue."""

UNKNOWN_MESSAGES = Backoff(first=30.0, cap=900.0)
"""Deliveries that no task of this worker handles: a newer version may be about to be deployed."""

CELERY_TASKS = Backoff(first=60.0, cap=float(MAX_VISIBILITY))
"""Messages of Celery tasks that this worker does not handle and has no other queue for."""

FOREIGN_QUEUE_POLLS = Backoff(first=1.0, cap=5.0)
"""Receives from a queue whose messages are not for this worker."""
