"""Aggregates events into counters and histograms. Each event costs one lock and a few additions."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import ceil
from threading import Lock
from time import monotonic
from typing import Any

from ...tasks.events import (
    Called,
    DeadLettered,
    Extended,
    Lost,
    NotPublished,
    Published,
    Received,
    Settled,
)
from ...tasks.observers import Observers
from ...verdicts import Ack, Retry
from ..log_observer import word
from . import catalog
from .bounded_labels import BoundedLabels
from .catalog import Metric
from .families import Family, Sample, family, plain_family
from .histogram import Histogram

MAX_MEDIA_TYPES, MAX_CODES = 200, 50
"""Different values of a label; publishers and services could make any number of them."""

MAX_SECONDS = 43_200
"""Seconds of the longest back-off, and so the number of different seconds at which messages may wake."""

NO_TASK = "none"


class MessageMetrics:
    """What the events of this process add up to. Safe to share between threads.

    `clock` returns seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._counts: dict[Metric, Counter[tuple[str, ...]]] = {
            metric: Counter() for metric in catalog.METRICS if metric.kind == "counter"
        }
        self._handling: dict[tuple[Any, ...], tuple[Histogram, Histogram, str]] = {}
        self._calls: dict[tuple[str, ...], Histogram] = {}
        self._wake_times: dict[str, Counter[int]] = {}
        self._media_types, self._codes = BoundedLabels(MAX_MEDIA_TYPES), BoundedLabels(MAX_CODES)

    def after_fork(self) -> None:
        """Make it usable in a forked child, where the thread that holds the lock does not exist."""
        self._lock = Lock()

    def watch(self, observers: Observers) -> None:
        """Observe the events that are notified to these observers."""
        observers.add(self._settled, Settled)
        observers.add(self._called, Called)
        observers.add(self._received, Received)
        observers.add(self._published, Published)
        observers.add(self._count_rare, DeadLettered, Extended, Lost, NotPublished)

    def expect(self, queue: str) -> None:
        """Have a queue's counters before its first event: nobody sees a counter grow that begins at 1."""
        with self._lock:
            for metric in (catalog.RECEIVED, catalog.EXTENDED, catalog.LOST):
                self._counts[metric][(queue,)] += 0
            for result in ("messages", "empty"):
                self._counts[catalog.RECEIVES][queue, result] += 0

    def _settled(self, event: Any) -> None:
        verdict = event.verdict
        kind = verdict.__class__
        key = (event.queue, event.task, kind, kind is Ack and verdict.skipped)
        latency = event.latency
        with self._lock:
            found = self._handling.get(key)
            if found is None:
                found = self._handling[key] = (Histogram(), Histogram(), word(verdict))
            found[0].add(event.seconds)
            if latency is not None and event.delivery.attempt == 1:
                found[1].add(latency)
            if kind is Retry:
                self._sleep(event.queue, verdict.after)

    def _sleep(self, queue: str, seconds: float) -> None:
        times = self._wake_times.setdefault(queue, Counter())
        times[ceil(self._clock() + seconds)] += 1
        if len(times) > MAX_SECONDS:
            self._drop_past(times)

    def _drop_past(self, times: Counter[int]) -> None:
        now = self._clock()
        for at in [at for at in times if at <= now]:
            del times[at]

    def _called(self, event: Any) -> None:
        with self._lock:
            key = (event.service, event.action, self._codes(event.outcome))
            found = self._calls.get(key)
            if found is None:
                found = self._calls[key] = Histogram()
            found.add(event.seconds)

    def _received(self, event: Any) -> None:
        with self._lock:
            self._counts[catalog.RECEIVES][event.queue, "messages" if event.count else "empty"] += 1
            self._counts[catalog.RECEIVED][(event.queue,)] += event.count

    def _published(self, event: Any) -> None:
        with self._lock:
            key = (self._media_types(event.media_type),)
            self._counts[catalog.PUBLISHED][key] += 1
            self._counts[catalog.PUBLISHED_BYTES][key] += event.size

    def _count_rare(self, event: Any) -> None:
        counts = self._counts
        with self._lock:
            match event:
                case DeadLettered():
                    counts[catalog.DEAD_LETTERS][event.queue, event.task or NO_TASK, event.reason] += 1
                case Extended():
                    counts[catalog.EXTENDED][(event.queue,)] += len(event.deliveries)
                case Lost():
                    counts[catalog.LOST][(event.queue,)] += 1
                case NotPublished():
                    key = (self._media_types(event.media_type), self._codes(event.code))
                    counts[catalog.NOT_PUBLISHED][key] += 1

    def handled(self, queue: str) -> int:
        """How many deliveries of a queue were handled so far."""
        with self._lock:
            return sum(sum(each.counts) for key, (each, *_) in self._handling.items() if key[0] == queue)

    def families(self) -> list[Family]:
        """Counters and histograms since the start."""
        with self._lock:
            latencies: dict[tuple[str, ...], Histogram] = {}
            handling: dict[tuple[str, ...], Histogram] = {}
            for (queue, task, *_), (seconds, latency, verdict) in self._handling.items():
                labels = (queue, task or NO_TASK)
                handling.setdefault((*labels, verdict), Histogram()).include(seconds)
                latencies.setdefault(labels, Histogram()).include(latency)
            return [
                _histograms(catalog.HANDLING, handling),
                _histograms(catalog.LATENCY, latencies),
                _histograms(catalog.CALLS, self._calls),
                *(plain_family(metric, counts) for metric, counts in self._counts.items()),
            ]

    def sleeping(self, queues: Sequence[str]) -> Family:
        """How many messages of each queue are in a back-off."""
        with self._lock:
            for times in self._wake_times.values():
                self._drop_past(times)
            counts = {(queue,): self._wake_times.get(queue, Counter()).total() for queue in queues}
        return plain_family(catalog.SLEEPING, counts)


def _histograms(metric: Metric, histograms: dict[tuple[str, ...], Histogram]) -> Family:
    def samples() -> Iterable[Sample]:
        for labels, histogram in histograms.items():
            yield from histogram.samples(metric.name, tuple(zip(metric.labels, labels, strict=True)))

    return family(metric, samples())
