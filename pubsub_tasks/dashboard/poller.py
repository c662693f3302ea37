"""Looks at the queues and workers every few seconds, in a thread, and remembers the last hour."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TypeVar

from .measures.history import History
from .monitored_app import MonitoredApp

logger = logging.getLogger(__name__)

LONGEST_LOOK = 15.0
"""Seconds that a look at many queues may well take."""

T = TypeVar("T")


class Poller:
    """The looks at one app. Its history is read while no look is added.

    Attributes:
        stopping: set when the dashboard ends; what takes long ends then.
    """

    def __init__(self, app: MonitoredApp, interval: float, clock: Callable[[], float] = time.time) -> None:
        """`interval` is in seconds; `clock` returns epoch seconds."""
        self.app, self.interval, self.clock = app, interval, clock
        self._history, self._lock = History(), Lock()
        self.stopping = Event()

    def read(self, view: Callable[[History], T]) -> T:
        """What `view` makes of the history; looks once if there was no look yet."""
        with self._lock:
            is_new = not self._history.latest.at
        if is_new:
            self.look()
        with self._lock:
            return view(self._history)

    def is_late(self, at: float) -> bool:
        """Whether a look of this time is old: AWS or the workers do not answer, or slowly."""
        return self.clock() - at > 3 * self.interval + LONGEST_LOOK

    def look(self) -> None:
        """Look now."""
        found = self.app.look(self.clock())
        with self._lock:
            if found.at > self._history.latest.at:
                self._history.add(found)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look every `interval` seconds while the block runs."""
        thread = Thread(target=self._run, name="pubsub-dashboard-poller", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            thread.join(self.interval)

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.look()
            except Exception:
                logger.exception("dashboard: a look at the queues failed")
            self.stopping.wait(self.interval)
