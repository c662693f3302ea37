"""The last hour of the queues, in memory: what was waiting, how fast it was handled, what died. No I/O."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .queue_sample import Look, QueueSample

HOUR = 3600.0
"""Seconds that are remembered."""

SPANS = {300.0: "last 5 min", 900.0: "last 15 min", HOUR: "last hour"}
"""Seconds that a chart can show: the shortest that has all that is known, so that a new chart can be read."""

BUCKETS = 120
"""Points of a chart."""
RATE_WINDOW = 60.0
"""Seconds over which the rate is averaged: shorter ones flicker, longer ones lag."""


@dataclass(frozen=True, slots=True)
class Point:
    """A queue at a moment of the last hour; `handled` is by known workers, in the `seconds` before."""

    at: float
    visible: int | None
    letters: int | None
    handled: int | None
    seconds: float


class History:
    """Remembers looks for an hour. Not safe to share between threads: its owner holds a lock."""

    def __init__(self) -> None:
        self.latest = Look(0.0)
        self._points: dict[str, deque[Point]] = {}

    def add(self, look: Look) -> None:
        """Remember a look, which is newer than those before it."""
        before, self.latest = self.latest, look
        for queue in look.queues:
            points = self._points.setdefault(queue.url, deque())
            points.append(
                Point(
                    look.at,
                    queue.visible,
                    queue.letters,
                    _handled_between(before, look, queue),
                    look.at - before.at,
                )
            )
            while points[0].at <= look.at - HOUR:
                points.popleft()

    def rate(self, queue: QueueSample) -> float | None:
        """Messages per second that known workers have handled lately; None without a worker."""
        recent = [
            point
            for point in self._of(queue)
            if point.at > self.latest.at - RATE_WINDOW and point.handled is not None
        ]
        seconds = sum(point.seconds for point in recent)
        return sum(point.handled or 0 for point in recent) / seconds if seconds > 0 else None

    def depths(self, queue: QueueSample) -> list[float | None]:
        """The most that waited, for each part of `span`; None where nothing is known."""
        return self._by_bucket(queue, lambda points: _most([point.visible for point in points]))

    def letters(self, queue: QueueSample) -> list[float | None]:
        """As `depths`, of the dead-letter queue."""
        return self._by_bucket(queue, lambda points: _most([point.letters for point in points]))

    def rates(self, queue: QueueSample) -> list[float | None]:
        """Messages per second that known workers handled, for each part of `span`."""
        return self._by_bucket(queue, _rate)

    @property
    def span(self) -> float:
        """Seconds that the charts show, a key of `SPANS`."""
        first = min((points[0].at for points in self._points.values()), default=self.latest.at)
        return next((span for span in SPANS if self.latest.at - first < span), HOUR)

    def _of(self, queue: QueueSample) -> Sequence[Point]:
        return self._points.get(queue.url, ())

    def _by_bucket(
        self, queue: QueueSample, value: Callable[[Sequence[Point]], float | None]
    ) -> list[float | None]:
        buckets: list[list[Point]] = [[] for _ in range(BUCKETS)]
        now, width = self.latest.at, self.span / BUCKETS
        for point in self._of(queue):
            ago = int((now - point.at) // width)
            buckets[BUCKETS - 1 - min(ago, BUCKETS - 1)].append(point)
        values: list[float | None] = []
        for points in buckets:  # between two looks, the earlier one holds
            values.append(value(points) if points else values[-1] if values else None)
        return values


def _handled_between(before: Look, look: Look, queue: QueueSample) -> int | None:
    """Messages handled since the look before, by processes that were there then; None without one."""
    earlier, now = _handled(before, queue), _handled(look, queue)
    both = earlier.keys() & now.keys()
    return sum(max(0, now[key] - earlier[key]) for key in both) if both else None


def _handled(look: Look, queue: QueueSample) -> dict[tuple[str, int | None], int]:
    return {
        (process.name, process.pid): served.handled
        for process in look.workers
        for served in process.queues
        if served.queue == queue.queue_name
    }


def _most(values: Sequence[int | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _rate(points: Sequence[Point]) -> float | None:
    known = [point for point in points if point.handled is not None]
    seconds = sum(point.seconds for point in known)
    return sum(point.handled or 0 for point in known) / seconds if seconds > 0 else None
