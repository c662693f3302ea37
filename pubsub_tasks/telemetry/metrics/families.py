"""Metric families as plain values, which travel between processes as JSON and are combined there."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .catalog import METRICS, Metric

Labels = tuple[tuple[str, str], ...]
"""Names and values."""

CUMULATIVE = frozenset({"counter", "histogram", "summary"})
"""Types whose values only grow, and are added up over processes."""

_COMBINE = {metric.name: metric.combine for metric in METRICS}


class Sample(NamedTuple):
    """One value. `name` is the name of its family with the suffix of its type."""

    name: str
    labels: Labels
    value: float


class Family(NamedTuple):
    """All samples of one metric."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]

    @property
    def is_cumulative(self) -> bool:
        """Whether its values only grow."""
        return self.kind in CUMULATIVE


def family(metric: Metric, samples: Iterable[Sample]) -> Family:
    """The family of one of this package's metrics."""
    return Family(metric.name, metric.kind, metric.help, list(samples))


def plain_family(metric: Metric, values: Mapping[Any, float]) -> Family:
    """The family of a counter or gauge with these values, by the values of its labels."""
    name = f"{metric.name}_total" if metric.kind == "counter" else metric.name
    named = ((tuple(zip(metric.labels, labels, strict=True)), value) for labels, value in values.items())
    return family(metric, (Sample(name, labels, value) for labels, value in named))


def from_json(families: Iterable[Any]) -> list[Family]:
    """Families that `json` has written and read."""
    return [
        Family(name, kind, help_, [_sample(*each) for each in samples])
        for name, kind, help_, samples in families
    ]


def _sample(name: str, labels: Iterable[Sequence[str]], value: float) -> Sample:
    return Sample(name, tuple((key, text) for key, text in labels), float(value))


def named_after(process: str, families: Iterable[Family]) -> list[Family]:
    """Families of one of several processes: gauges that cannot be combined get a label of the process."""
    return [
        each
        if each.is_cumulative or each.name in _COMBINE
        else each._replace(samples=[_labelled(sample, process) for sample in each.samples])
        for each in families
    ]


def _labelled(sample: Sample, process: str) -> Sample:
    taken = any(name == "process" for name, _ in sample.labels)
    return sample._replace(labels=(*sample.labels, ("pubsub_process" if taken else "process", process)))


def combine(families: Iterable[Family]) -> list[Family]:
    """One family for each name. Values of the same name and labels are added, or the largest is kept.

    A family whose type is not that of the first of its name is left out.
    """
    found: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, Labels], float]] = {}
    for each in families:
        first = found.setdefault(each.name, each)
        if each.kind != first.kind:
            continue
        into = values.setdefault(each.name, {})
        largest = not each.is_cumulative and _COMBINE.get(each.name) == "max"
        for name, labels, value in each.samples:
            key = (name, labels)
            before = into.get(key)
            into[key] = value if before is None else max(before, value) if largest else before + value
    return [
        each._replace(samples=[Sample(*key, value) for key, value in values[name].items()])
        for name, each in found.items()
    ]
