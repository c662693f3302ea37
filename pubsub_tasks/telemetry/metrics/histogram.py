"""Counts durations by bucket."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from .families import Sample

BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
"""Upper bounds of the buckets, in seconds. The last bucket has none."""


class Histogram:
    """Durations in seconds. Not safe to share between threads without a lock.

    Attributes:
        counts: the number of durations in each bucket.
        total: the sum of all durations.
    """

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def include(self, other: "Histogram") -> None:
        """Add the durations of another histogram."""
        self.counts = [mine + its for mine, its in zip(self.counts, other.counts, strict=True)]
        self.total += other.total

    def samples(self, name: str, labels: tuple[tuple[str, str], ...]) -> Iterable[Sample]:
        """Samples as Prometheus has them: cumulative buckets, count and sum."""
        cumulative = list(accumulate(self.counts))
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), cumulative, strict=True):
            yield Sample(f"{name}_bucket", (*labels, ("le", bound)), count)
        yield Sample(f"{name}_count", labels, cumulative[-1])
        yield Sample(f"{name}_sum", labels, self.total)
