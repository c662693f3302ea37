"""Adds up the metrics of several processes, including those that have ended."""

from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, NamedTuple

from .catalog import BACKLOG
from .families import Family, combine, from_json, named_after
from .worker_gauges import backlogs


class _Process(NamedTuple):
    started_at: int
    number: int
    totals: list[Family]


class ProcessTotals:
    """Counters and histograms by process name. Safe to share between threads.

    A process that is replaced keeps its last totals, so that sums never go down. What a killed process
    counted after its last report is missing.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._processes: dict[str, _Process] = {}
        self._ended: list[Family] = []

    def add(self, name: str, report: Mapping[str, Any]) -> None:
        """Record what a process says of itself (`ProcessMetrics.report`), unless it said so later already."""
        latest = _Process(
            report["started_at"],
            report["number"],
            [each for each in from_json(report["families"]) if each.is_cumulative],
        )
        with self._lock:
            before = self._processes.get(name)
            if before is not None and before[:2] >= latest[:2]:
                return
            if before is not None and before.started_at != latest.started_at:
                self._ended = combine([*self._ended, *before.totals])
            self._processes[name] = latest

    def families(self, answers: Mapping[str, Mapping[str, Any]]) -> list[Family]:
        """The sums, after these reports of the processes that run, whose gauges are included."""
        for name, report in answers.items():
            self.add(name, report)
        with self._lock:
            totals = [*self._ended, *(each for known in self._processes.values() for each in known.totals)]
        combined = combine([*totals, *_gauges(answers)])
        return [*combined, backlogs(combined)]


def _gauges(answers: Mapping[str, Mapping[str, Any]]) -> Iterable[Family]:
    for name, report in answers.items():
        families = from_json(report["families"])
        gauges = [each for each in families if not each.is_cumulative and each.name != BACKLOG.name]
        yield from named_after(name, gauges)
