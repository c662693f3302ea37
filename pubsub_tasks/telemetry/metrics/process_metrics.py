"""The metrics of this process: what events add up to, what its workers hold, and the application's own."""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from .families import Family
from .message_metrics import MessageMetrics
from .prometheus_text import registered_families
from .worker_gauges import backlogs, worker_gauges

Statuses = Callable[[], Sequence[Mapping[str, Any]]]


class ProcessMetrics:
    """The metrics of this process.

    Args:
        messages: what the events of this process add up to.
        statuses: returns the status of each worker.
        depths: returns gauges of the queues' depths.
    """

    def __init__(
        self,
        messages: MessageMetrics,
        statuses: Statuses,
        depths: Callable[[], list[Family]] = list,
    ) -> None:
        self._messages = messages
        self._statuses = statuses
        self._depths = depths
        self._started_at = time.monotonic_ns()
        self._numbers = count()

    def own_families(self) -> list[Family]:
        """The metrics of this package at this moment."""
        statuses = self._statuses()
        families = [
            *self._messages.families(),
            self._messages.sleeping([status["queue"] for status in statuses]),
            *worker_gauges(statuses),
            *self._depths(),
        ]
        return [*families, backlogs(families)]

    def families(self) -> list[Family]:
        """The metrics of this package, and what the application registered in prometheus_client."""
        return [*self.own_families(), *registered_families()]

    def report(self) -> dict[str, Any]:
        """All metrics as JSON types, for the supervisor. A later report has a larger `number`."""
        number = next(self._numbers)
        return {"started_at": self._started_at, "number": number, "families": self.families()}
