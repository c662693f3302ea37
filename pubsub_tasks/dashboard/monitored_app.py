"""The queues and workers that a dashboard looks at."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ..doctor.finding import Finding
from ..errors import PubSubTasksError
from ..tasks.registry import Tasks
from ..transports.protocols import Transport
from .measures.queue_sample import Look, QueueSample
from .measures.worker_status import WorkerProcess, read_status

THREADS = 8
"""Queues and workers that are asked at once."""

AGES_EVERY = 60.0
"""Seconds between two questions to CloudWatch, which has one value a minute and costs money."""

Ages = Callable[[Sequence[str], float], Mapping[str, float]]
"""Returns the seconds that the oldest message has waited by queue name. Raises PubSubTasksError."""


class WorkerSource(NamedTuple):
    """A worker's name, and a function that returns its status in JSON types."""

    name: str
    status: Callable[[], Any]


def _no_topic(media_type: str) -> str:
    return ""


class MonitoredApp:
    """An app's queues and workers, and its tasks.

    Attributes:
        queues: URLs by logical name.
        topic: returns the ARN of the topic of a media type. Raises PubSubTasksError if there is none.
        prepare_publishing: is called before the first message is published.
        findings: returns what `pubsub-tasks doctor` finds, or raises PubSubTasksError; None if nothing can.
    """

    def __init__(
        self,
        tasks: Tasks,
        transport: Transport,
        queues: Mapping[str, str],
        workers: Sequence[WorkerSource] = (),
        ages: Ages | None = None,
        topic: Callable[[str], str] = _no_topic,
        prepare_publishing: Callable[[], object] = lambda: None,
        findings: Callable[[], Sequence[Finding]] | None = None,
    ) -> None:
        self.tasks, self.transport, self.queues = tasks, transport, queues
        self.topic, self.prepare_publishing = topic, prepare_publishing
        self.findings = findings
        self._workers, self._read_ages = workers, ages
        self._ages: Mapping[str, float] = {}
        self._ages_at = 0.0
        self._dead_letter_urls: dict[str, str] = {}

    def look(self, now: float) -> Look:
        """Look at all queues and workers. Never raises for a queue or worker that does not answer."""
        self._refresh_ages(now)
        with ThreadPoolExecutor(THREADS, "pubsub-dashboard") as pool:
            queues = pool.map(self._sample, self.queues, self.queues.values())
            answers = pool.map(_ask, self._workers)
            return Look(now, tuple(queues), tuple(process for answer in answers for process in answer))

    def _sample(self, name: str, url: str) -> QueueSample:
        try:
            found = self.transport.queue(url).attributes()
            letters_url = self._dead_letter_url(found.dead_letter_arn)
            letters = self.transport.queue(letters_url).attributes().visible if letters_url else None
        except PubSubTasksError as error:
            return QueueSample(name, url, problem=str(error))
        oldest = self._ages.get(url.rpartition("/")[2])
        return QueueSample(
            name, url, found.visible, found.in_flight, found.delayed, letters, oldest, letters_url
        )

    def _dead_letter_url(self, arn: str | None) -> str | None:
        if arn is None:
            return None
        if arn not in self._dead_letter_urls:
            self._dead_letter_urls[arn] = self.transport.queue_url(arn)
        return self._dead_letter_urls[arn]

    def _refresh_ages(self, now: float) -> None:
        if self._read_ages is None or now - self._ages_at < AGES_EVERY:
            return
        self._ages_at = now
        try:
            self._ages = self._read_ages([url.rpartition("/")[2] for url in self.queues.values()], now)
        except PubSubTasksError:
            self._ages = {}  # CloudWatch is a permission of its own; then the ages are not known


def _ask(worker: WorkerSource) -> list[WorkerProcess]:
    return list(read_status(worker.name, worker.status()))
