"""Topics and queues in memory, created on first use and subscribed to the media types that tasks handle.

This is the transport of an object graph with `testing=True`: it needs no setup, and tasks receive what is
published.
"""

import importlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from ..local.rules.broker import Broker
from ..local.rules.service_errors import ServiceError
from ..messages.envelope import MEDIA_TYPE_ATTRIBUTE
from ..publishing.topics import Topics
from ..tasks.registry import Tasks
from ..tasks.task import DEFAULT_QUEUE
from ..transports.memory import MemoryTransport
from ..transports.protocols import Features
from ..transports.sqs import SqsQueue
from ..wire.media_types import topic_name
from ..wire.records import EntryFailure, Outgoing, Sent

logger = logging.getLogger(__name__)

FIFO = ".fifo"

TOPICS = "arn:aws:sns:us-east-1:000000000000:"
"""Prefix of topic ARNs. An ARN of another account refers to the topic with the same name here."""


MEMORY = "memory:"
"""Prefix of queue URLs. There is no server behind them."""


class MemoryEnvironment:
    """A transport in memory for these tasks. Safe to share between threads.

    All queues of the tasks exist before the first message is published. A queue is subscribed to what the
    tasks of its name handle. A queue that no task names gets the messages of the tasks if none of them has a
    `queue=`, and all messages if there are no tasks. `clock` returns epoch seconds.
    """

    def __init__(self, tasks: Tasks, clock: Callable[[], float] = time.time) -> None:
        self._tasks = tasks
        self._served: dict[str, str] = {}
        self._warned: set[tuple[str, str]] = set()
        self._lock = Lock()
        self.use(MemoryTransport(Broker(endpoint=MEMORY), clock))

    def use(self, memory: MemoryTransport) -> None:
        """Use these topics and queues from now on, which are empty at first."""
        with self._lock:
            self.memory = memory
            self._sns, self._sqs = memory.client("sns"), memory.client("sqs")
            self._queues: dict[str, str] = {}

    def clock(self) -> float:
        """The time of its topics and queues (epoch seconds)."""
        return self.memory.clock()

    @property
    def features(self) -> Features:
        return self.memory.features

    def publisher(self) -> "MemoryEnvironment":
        return self

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        """Publish to the topic of this name; it is created if it does not exist."""
        for name in self._tasks.queues or {DEFAULT_QUEUE}:
            self.queue(name)
        media_types = {str(entry.attributes[MEDIA_TYPE_ATTRIBUTE].value) for entry in entries}
        with self._lock:
            arn = self._make_topic(topic_arn.rpartition(":")[2])
            for name, queue_arn in self._queues.items():
                if any(self._wants(name, media_type) for media_type in media_types):
                    self._subscribe(arn, queue_arn)
        return self.memory.publisher().publish(arn, entries)

    def queue(self, url: str) -> SqsQueue:
        """The queue of this name or URL; it is created with its dead-letter queue if it does not exist."""
        name = url.rstrip("/").rpartition("/")[2]
        with self._lock:
            queue = self._find(name)
            if queue is None:
                attempts = tuple(task.policy.attempts for task in self._tasks)
                importlib.import_module("pubsub_tasks.environments.memory_queues").create(
                    self._call, MEMORY, name, attempts
                )
                queue = self.memory.queue(self._sqs.get_queue_url(QueueName=name)["QueueUrl"])
                self._queues[name] = queue.attributes().arn
        return queue

    def serve(self, url: str, logical: str | None) -> None:
        """Create the queue at `url` for the tasks of the queue `logical`; None means the queue's name."""
        name = self.queue(url).name
        if logical is not None:
            self._served[name] = logical

    def is_fifo(self, media_type: str) -> bool:
        """Whether a FIFO queue subscribes to this media type, so that its topic must be FIFO."""
        names = {*self._tasks.queues, *self._queues}
        return any(name.endswith(FIFO) and self._wants(name, media_type) for name in names)

    def queue_url(self, arn: str) -> str:
        return self.memory.queue_url(arn)

    def _call(self, service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return self.memory.call(service, action, dict(params))

    def _find(self, name: str) -> SqsQueue | None:
        try:
            return self.memory.queue(self._sqs.get_queue_url(QueueName=name)["QueueUrl"])
        except ServiceError:
            return None

    def _make_topic(self, name: str) -> str:
        attributes = {"Attributes": {"FifoTopic": "true"}} if name.endswith(FIFO) else {}
        arn: str = self._sns.create_topic(Name=name, **attributes)["TopicArn"]
        return arn

    def _wants(self, queue_name: str, media_type: str) -> bool:
        queues = self._tasks.queues
        names = [self._served.get(queue_name, queue_name), queue_name.removesuffix(FIFO)]
        fallback = DEFAULT_QUEUE if queues == {DEFAULT_QUEUE} else ""
        name = next((name for name in names if name in queues), fallback)
        return not queues or self._tasks.find(media_type, name) is not None

    def _subscribe(self, topic_arn: str, queue_arn: str) -> None:
        if queue_arn.endswith(FIFO) and not topic_arn.endswith(FIFO):
            self._warn_not_subscribed(topic_arn, queue_arn)
            return
        raw = {"RawMessageDelivery": "true"}
        self._sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes=raw)

    def _warn_not_subscribed(self, topic_arn: str, queue_arn: str) -> None:
        if (topic_arn, queue_arn) not in self._warned:
            self._warned.add((topic_arn, queue_arn))
            logger.warning(
                "%s gets no messages from %s: a FIFO queue can only subscribe to FIFO topics, whose names "
                "end in .fifo",
                queue_arn,
                topic_arn,
            )


@dataclass(frozen=True, slots=True)
class MemoryTopics(Topics):
    """One topic in a memory environment for each media type; FIFO if a FIFO queue subscribes to it."""

    environment: MemoryEnvironment | None = None

    def arn(self, media_type: str) -> str:
        fifo = self.environment is not None and self.environment.is_fifo(media_type)
        return TOPICS + topic_name(media_type) + (FIFO if fifo else "")
