"""Topics and queues in memory, created when first named, and subscribed to what the tasks handle.

It is the transport of a graph whose metadata says testing: nothing has to be set up, nothing is left behind,
and what is published is received. Knows the memory transport, and no task's function.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from ..local.rules.broker import Broker
from ..local.rules.service_errors import ServiceError
from ..messages.envelope import MEDIA_TYPE_ATTRIBUTE
from ..provisioning.provision import provision
from ..provisioning.topology import QueueSpec, plan
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
"""How the ARNs of its topics begin. An ARN of any other account means the topic of that name here."""


MEMORY = "memory:"
"""How the URLs of its queues begin: nothing listens anywhere."""


class MemoryEnvironment:
    """A transport in memory for these tasks. Safe to share between threads.

    Each task's queue is there before the first message is published. A queue gets whatever the tasks of its
    name handle; one that no task names gets what tasks without a `queue=` handle, if there are no others, and
    everything where there are no tasks. `clock` tells epoch seconds.
    """

    def __init__(self, tasks: Tasks, clock: Callable[[], float] = time.time) -> None:
        self.memory = MemoryTransport(Broker(endpoint=MEMORY), clock)
        self._sns, self._sqs = self.memory.client("sns"), self.memory.client("sqs")
        self._tasks = tasks
        self._queues: dict[str, str] = {}
        self._served: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()
        self._lock = Lock()

    @property
    def features(self) -> Features:
        return self.memory.features

    def publisher(self) -> "MemoryEnvironment":
        return self

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        """Publish to the topic of this name, which need not be there."""
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
        """The queue of this name or URL; where it is not there, it is made, and one for its dead letters."""
        name = url.rstrip("/").rpartition("/")[2]
        with self._lock:
            queue = self._find(name)
            if queue is None:
                attempts = tuple(task.policy.attempts for task in self._tasks)
                provision(plan([QueueSpec(name, (), attempts)]), self._sns, self._sqs)
                queue = self.memory.queue(self._sqs.get_queue_url(QueueName=name)["QueueUrl"])
                self._queues[name] = queue.attributes().arn
        return queue

    def serve(self, url: str, logical: str | None) -> None:
        """Make the queue at `url`, which gets what the tasks of `logical` handle; None: its name tells."""
        name = self.queue(url).name
        if logical is not None:
            self._served[name] = logical

    def is_fifo(self, media_type: str) -> bool:
        """Whether a FIFO queue gets this media type, so that its topic must be FIFO too."""
        names = {*self._tasks.queues, *self._queues}
        return any(name.endswith(FIFO) and self._wants(name, media_type) for name in names)

    def queue_url(self, arn: str) -> str:
        return self.memory.queue_url(arn)

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
            self._tell_not_subscribed(topic_arn, queue_arn)
            return
        raw = {"RawMessageDelivery": "true"}
        self._sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes=raw)

    def _tell_not_subscribed(self, topic_arn: str, queue_arn: str) -> None:
        if (topic_arn, queue_arn) not in self._told:
            self._told.add((topic_arn, queue_arn))
            logger.warning(
                "%s gets nothing of %s: SNS lets a FIFO queue subscribe to FIFO topics alone, whose names "
                "end in .fifo",
                queue_arn,
                topic_arn,
            )


@dataclass(frozen=True, slots=True)
class MemoryTopics(Topics):
    """A topic of its own in a world for each media type; FIFO where a FIFO queue gets it."""

    world: MemoryEnvironment | None = None

    def arn(self, media_type: str) -> str:
        fifo = self.world is not None and self.world.is_fifo(media_type)
        return TOPICS + topic_name(media_type) + (FIFO if fifo else "")
