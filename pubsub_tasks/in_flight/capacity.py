"""How many messages one worker handles at a time. `prefetch` decides how many more it receives."""

from typing import NamedTuple

from .commands import LONG_POLL
from .in_flight_message import Limits

DEFAULT_THREADS = 8
DEFAULT_COROUTINES = 100
MAX_RECEIVERS = 8

PATIENCE = 5.0
"""Seconds in which a handler must end after its time limit, before its thread is abandoned."""


class Capacity(NamedTuple):
    """The concurrency of one worker. None lets the kinds of its tasks decide; times are seconds.

    Attributes:
        threads: slots for plain functions.
        coroutines: slots for coroutine functions.
        receivers: polls that may be open at a time.
        prefetch: messages received beyond the free slots; None adapts to the speed of the handlers.
        visibility: visibility timeout of received messages.
        wait: wait time of a long poll.
        patience: time in which a handler must end after its time limit, before its thread is abandoned.
    """

    threads: int | None = None
    coroutines: int | None = None
    receivers: int | None = None
    prefetch: int | None = None
    visibility: int = 30
    wait: int = LONG_POLL
    patience: float = PATIENCE

    def limits(self, plain: bool, coroutine: bool) -> Limits:
        """Return the limits for a queue whose tasks are plain functions, coroutine functions, or both."""
        threads = (self.threads or DEFAULT_THREADS) if plain or not coroutine else 0
        coroutines = (self.coroutines or DEFAULT_COROUTINES) if coroutine else 0
        receivers = self.receivers or min(MAX_RECEIVERS, threads + coroutines)
        return Limits(threads, coroutines, receivers, self.prefetch, self.visibility)


DEFAULT_CAPACITY = Capacity()
