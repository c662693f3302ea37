"""Reads the depths of queues every few seconds, and the rate at which their messages are handled."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from ...wire.records import QueueAttributes
from . import catalog
from .families import Family, plain_family
from .worker_gauges import WINDOW

INTERVAL = 15.0
"""Seconds between two reads."""


class QueueDepths:
    """The depths of queues, and their rates. A depth that cannot be read any more is left out.

    Args:
        queues: reads the attributes of each queue, by name.
        handled: returns how many deliveries of a queue were handled so far.
        clock: returns seconds that never go back.
    """

    def __init__(
        self,
        queues: Mapping[str, Callable[[], QueueAttributes]],
        handled: Callable[[str], int],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._queues = queues
        self._handled = handled
        self._clock = clock
        self._depths: dict[tuple[str, ...], float] = {}
        self._counts: deque[tuple[float, dict[str, int]]] = deque()
        self._count()

    def read(self) -> None:
        """Read the depths of all queues, and count what was handled."""
        depths: dict[tuple[str, ...], float] = {}
        for name, attributes in self._queues.items():
            try:
                found = attributes()
            except Exception:  # the worker logs why its queue cannot be reached
                continue
            depths[name, "visible"] = found.visible
            depths[name, "in_flight"] = found.in_flight
            depths[name, "delayed"] = found.delayed
        self._depths = depths
        self._count()

    def _count(self) -> None:
        now = self._clock()
        self._counts.append((now, {name: self._handled(name) for name in self._queues}))
        while len(self._counts) > 2 and self._counts[1][0] <= now - WINDOW:
            self._counts.popleft()

    def families(self) -> list[Family]:
        """The depths and rates at this moment."""
        since, before = self._counts[0]
        seconds = max(1.0, self._clock() - since)
        rates = {(name,): (self._handled(name) - before[name]) / seconds for name in self._queues}
        # A process that has just started is not slow: its rate is not known.
        known = {name: rate for name, rate in rates.items() if rate or seconds >= WINDOW}
        return [
            plain_family(catalog.QUEUE_DEPTH, self._depths),
            plain_family(catalog.HANDLED_RATE, known),
        ]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read in a thread every `INTERVAL` seconds while the block runs."""
        ended = Event()

        def work() -> None:
            self.read()
            while not ended.wait(INTERVAL):
                self.read()

        Thread(target=work, name="pubsub-queue-depths", daemon=True).start()
        try:
            yield
        finally:
            ended.set()
