"""Outage: one thing that may fail for a while, told once when it starts and once when it ends.

It decides how long to wait between tries and whether a failure is news; it refuses to know what is tried.
"""

import logging
from collections.abc import Callable
from threading import Lock

from .outbox import backoff

logger = logging.getLogger(__name__)


class Outage:
    """The state of one kind of call, such as "receiving from orders". Safe to share between threads."""

    def __init__(self, what: str, clock: Callable[[], float], jitter: Callable[[], float]) -> None:
        self._what = what
        self._clock = clock
        self._jitter = jitter
        self._lock = Lock()
        self._failures = 0
        self._since = 0.0
        self._last = ""

    def failed(self, error: Exception) -> float:
        """It failed; returns the seconds to wait before the next try. A new kind of failure is news too."""
        text = str(error)
        with self._lock:
            self._failures += 1
            news, self._last = text != self._last, text
            if self._failures == 1:
                self._since = self._clock()
            wait = backoff(self._failures, self._jitter())
        if news:
            logger.warning("%s fails, and is tried again until it works: %s", self._what, text)
        return wait

    def succeeded(self) -> None:
        """It works."""
        if not self._failures:
            return
        with self._lock:
            failures, self._failures, self._last = self._failures, 0, ""
            seconds = self._clock() - self._since
        if failures:
            logger.warning("%s works again after %d failures in %.1f s", self._what, failures, seconds)
