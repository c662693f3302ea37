"""The metrics of a worker process: served at /metrics, and sent to StatsD by one setting.

/metrics answers as text, or as JSON to the supervisor that asks for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from ...lifecycle import forks
from ...processes.service import Service
from ...tasks.observers import Observers
from ...telemetry.health_server import Page
from ...telemetry.metrics.message_metrics import MessageMetrics
from ...telemetry.metrics.process_metrics import ProcessMetrics
from ...telemetry.metrics.prometheus_text import CONTENT_TYPE, text_of_families
from ...telemetry.metrics.queue_depths import QueueDepths
from ...telemetry.statsd.statsd_sender import StatsdSender, parse_address


class WorkerMetrics:
    """The metrics of this process's workers.

    Args:
        observers: what these are notified of is measured.
        config: the values of `pubsub_metrics`.
        process: the name of this process if a supervisor has started it.

    Raises ConfigurationError.
    """

    def __init__(self, observers: Observers, config: Mapping[str, Any], process: str | None) -> None:
        self._reads_depths: bool = config["queue_depth"]
        self._statsd = parse_address(config["statsd"]) if config["statsd"] else None
        self._process = process
        self._messages = MessageMetrics()
        self._messages.watch(observers)
        self._metrics = ProcessMetrics(self._messages, list)

    @contextmanager
    def measuring(self, services: Sequence[Service]) -> Iterator[None]:
        """Measure these services while the block runs."""
        queues = {each.queue.name: each.queue.attributes for each in services} if self._reads_depths else {}
        depths = QueueDepths(queues, self._messages.handled)
        workers = [each.worker for each in services]
        for each in services:
            self._messages.expect(each.queue.name)
        self._metrics = ProcessMetrics(
            self._messages, lambda: [worker.status() for worker in workers], depths.families
        )
        with ExitStack() as stack:
            stack.enter_context(forks.calling_in_child(self._messages.after_fork))
            if queues:
                stack.enter_context(depths.reading())
            if self._statsd is not None:
                sender = StatsdSender(self._statsd, self._metrics.own_families, self._process)
                stack.enter_context(sender.sending())
            yield

    def answer(self) -> tuple[bool, Any]:
        """The answer at /metrics."""
        if self._process is not None:
            return True, self.report()
        return True, Page(text_of_families(self._metrics.families()), CONTENT_TYPE)

    def report(self) -> dict[str, Any]:
        """All metrics as JSON types, for the supervisor."""
        return self._metrics.report()
