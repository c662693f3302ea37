"""What a worker process answers at /metrics: text, or JSON for the supervisor that asks for it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from ...processes.service import Service
from ...tasks.observers import Observers
from ...telemetry.health_server import Answer, Page
from ...telemetry.metrics.message_metrics import MessageMetrics
from ...telemetry.metrics.process_metrics import ProcessMetrics
from ...telemetry.metrics.prometheus_text import CONTENT_TYPE, is_installed, text_of_families
from ...telemetry.metrics.queue_depths import QueueDepths


class WorkerMetrics:
    """The metrics of this process's workers. `messages` observes their events."""

    def __init__(self, messages: MessageMetrics, is_supervised: bool, reads_depths: bool) -> None:
        self._messages = messages
        self._is_supervised = is_supervised
        self._reads_depths = reads_depths
        self._process = ProcessMetrics(messages, list)

    @contextmanager
    def answering(self, services: Sequence[Service]) -> Iterator[Answer]:
        """The answer at /metrics, about these services, while the block runs."""
        queues = {each.queue.name: each.queue.attributes for each in services} if self._reads_depths else {}
        depths = QueueDepths(queues, self._messages.handled)
        workers = [each.worker for each in services]
        self._process = ProcessMetrics(
            self._messages, lambda: [worker.status() for worker in workers], depths.families
        )
        with ExitStack() as stack:
            if queues:
                stack.enter_context(depths.reading())
            yield self._answer

    def _answer(self) -> tuple[bool, Any]:
        if self._is_supervised:
            return True, self.report()
        return True, Page(text_of_families(self._process.families()), CONTENT_TYPE)

    def report(self) -> dict[str, Any]:
        """All metrics as JSON types, for the supervisor."""
        return self._process.report()


def worker_metrics(
    observers: Observers, config: Mapping[str, Any], is_supervised: bool
) -> WorkerMetrics | None:
    """Metrics of what these observers are notified of; None if prometheus_client is not installed."""
    if not is_installed():
        return None
    messages = MessageMetrics()
    messages.watch(observers)
    return WorkerMetrics(messages, is_supervised, config["queue_depth"])
