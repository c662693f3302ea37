"""The health server of a process that handles messages: answers about its workers."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ...processes.service import Service
from ...telemetry.health_server import Answer, health
from ...telemetry.metrics.prometheus_text import is_installed
from ...telemetry.recent_activity import RecentActivity
from ...version import VERSION
from ...worker_health.call_health import UNREADY_AFTER
from .worker_metrics import WorkerMetrics


class HealthChecks:
    """The health server of `host` and `port`, to be started when the workers exist.

    Attributes:
        recent: an observer for the workers, whose findings are part of /status.
        metrics: what /metrics answers; None if prometheus_client is not installed.
        port: where it serves, once it does.
    """

    def __init__(
        self, host: str, port: int, unready_after: float, metrics: WorkerMetrics | None = None
    ) -> None:
        self._host, self._unready_after = host, unready_after
        self.port, self.metrics = port, metrics if is_installed() else None
        self.recent = RecentActivity(time.time)

    @contextmanager
    def serve(self, services: Sequence[Service]) -> Iterator[None]:
        """Serve while the block runs. Raises ConfigurationError."""
        answers = dict(service_checks(services, self.recent, self._unready_after))
        if self.metrics is not None:
            answers["/metrics"] = self.metrics.answer
        with health(self._host, self.port, answers) as self.port:
            yield

    def report(self) -> dict[str, Any]:
        """What a supervisor is told last: the final metrics."""
        return {} if self.metrics is None else {"metrics": self.metrics.report()}


def service_checks(
    services: Sequence[Service], recent: RecentActivity, unready_after: float = UNREADY_AFTER
) -> Mapping[str, Answer]:
    """Answers for this process's workers, by path. `unready_after`, in seconds, is for `Worker.is_ready`."""
    workers = [each.worker for each in services]

    def status() -> dict[str, Any]:
        queues = [worker.status() for worker in workers]
        return {"pid": os.getpid(), "version": VERSION, "queues": queues, **recent.status()}

    return {
        "/healthz": lambda: _all({worker.queue.name: worker.is_alive() for worker in workers}),
        "/readyz": lambda: _all({worker.queue.name: worker.is_ready(unready_after) for worker in workers}),
        "/status": lambda: (True, status()),
    }


def _all(results: dict[str, bool]) -> tuple[bool, dict[str, bool]]:
    return all(results.values()), results
