"""A section of the benchmarks: contenders that take turns, and what is told of each."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Figures = dict[str, float]
"""What was measured of one contender in one round, by name."""

Round = dict[str, Figures]
"""Of all contenders, by name."""


class Options(NamedTuple):
    """How much is measured.

    Attributes:
        runs: rounds of each section.
        scale: of counts of messages and of seconds.
        endpoint: what stands in for AWS: `canned` or `local`.
        delay_ms: added to each answer of the endpoint; None for each section's own.
    """

    runs: int
    scale: float
    endpoint: str
    delay_ms: float | None = None

    def messages(self, count: int) -> int:
        """So many in a full run; a multiple of 40."""
        return max(1, round(count * self.scale / 40)) * 40


class Stage(NamedTuple):
    """What a section runs against.

    Attributes:
        url: of the endpoint, which the environment tells of.
        sqs: a client of its queues.
        name: different in each round.
    """

    options: Options
    url: str
    sqs: Any
    name: str


class Figure(NamedTuple):
    """How a figure is told: by this format, and as a ratio to the reference where that tells more."""

    name: str
    form: str = ",.0f"
    ratio: bool = False


class Section(NamedTuple):
    """One table.

    Attributes:
        measure: one round.
        beside: each contender's reference, of the same round.
        aims: by contender and figure, of the ratio if it has one.
        runs: rounds of a full run, if not as many as the others.
        endpoint: what it needs to run against, if it is not for the user to choose.
        warm_up: whether a first round does not count, as files are not in the disk's cache.
    """

    title: str
    figures: tuple[Figure, ...]
    measure: Callable[[Stage], Round]
    beside: Mapping[str, str]
    aims: Mapping[tuple[str, str], str] = {}
    delay_ms: float = 0
    runs: int | None = None
    endpoint: str | None = None
    warm_up: bool = False


Results = dict[str, list[Round]]
"""Rounds by the section's name."""
