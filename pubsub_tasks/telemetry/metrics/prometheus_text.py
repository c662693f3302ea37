"""Metric families in Prometheus's text format. prometheus_client is imported at the first scrape."""

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ...errors import MissingExtra
from .families import Family, Sample

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_OWN = "pubsub_tasks_"

_NOT_SERVED = ("_created",)
"""Suffixes of samples that cannot be added up over processes."""


def is_installed() -> bool:
    """Whether prometheus_client is installed."""
    return find_spec("prometheus_client") is not None


def registered_families() -> list[Family]:
    """What the application and its libraries registered in prometheus_client's default registry.

    This package's own metrics of publishers are left out, since a worker counts the same. So are a collector
    that fails and those after it, which is logged once for each kind of error.
    """
    registry: Any = import_module("prometheus_client").REGISTRY
    found: list[Family] = []
    try:
        for each in registry.collect():
            if not each.name.startswith(_OWN):
                found.append(Family(each.name, each.type, each.documentation, list(_samples(each))))
    except Exception as error:
        if type(error) not in _failures:
            _failures.add(type(error))
            logger.exception(
                "metrics of the application are left out, which is said once: a collector failed"
            )
    return found


_failures: set[type[Exception]] = set()
"""Kinds of errors that were logged: a scrape comes every few seconds."""


def _samples(collected: Any) -> Iterator[Sample]:
    for sample in collected.samples:
        if not sample.name.endswith(_NOT_SERVED):
            yield Sample(sample.name, tuple(sorted(sample.labels.items())), sample.value)


def text_of_families(families: Iterable[Family]) -> bytes:
    """The families in the text format. Those without samples are left out."""
    core: Any = import_module("prometheus_client.core")
    exposition: Any = import_module("prometheus_client.exposition")
    registry = core.CollectorRegistry()
    registry.register(_Collector(core.Metric, lambda: families))
    text: bytes = exposition.generate_latest(registry)
    return text


def register(families: Callable[[], Iterable[Family]]) -> None:
    """Add these families to prometheus_client's default registry. Raises MissingExtra."""
    if not is_installed():
        raise MissingExtra("metrics of publishers", "metrics")
    library: Any = import_module("prometheus_client")
    library.REGISTRY.register(_Collector(library.Metric, families))


class _Collector:
    """A collector of prometheus_client. `metric` is its class of families."""

    def __init__(self, metric: Any, families: Callable[[], Iterable[Family]]) -> None:
        self._metric = metric
        self._families = families

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> list[Any]:
        return [self._collected(each) for each in self._families() if each.samples]

    def _collected(self, family: Family) -> Any:
        made = self._metric(family.name, family.help, family.kind)
        for name, labels, value in family.samples:
            made.add_sample(name, dict(labels), value)
        return made
