"""World: topics and queues in memory, made when first named, and subscribed to what the tasks handle.

It is the transport of a graph whose metadata says testing: nothing has to be set up, nothing is left behind,
and what is published is received. Knows the memory transport, and no task's function.
"""

import time
from collections.abc import Callable, Sequence
from threading import Lock

from ..embedded.errors import ServiceError
from ..envelope import MEDIA_TYPE_ATTRIBUTE
from ..provisioning.aws import provision
from ..provisioning.topology import QueueSpec, plan
from ..tasks import Tasks
from ..transports import Features
from ..transports.memory import MemoryTransport
from ..transports.sqs import SqsQueue
from ..wire import EntryFailure, Outgoing, Sent

TOPICS = "arn:aws:sns:us-east-1:000000000000:"
"""How the ARNs of its topics begin. An ARN of any other account means the topic of that name here."""


class World:
    """A transport in memory for these tasks. Safe to share between threads.

    A queue gets whatever the tasks of its name handle; one that no task names gets what the only logical
    queue does, and everything where there are no tasks. `clock` tells epoch seconds.
    """

    def __init__(self, tasks: Tasks, clock: Callable[[], float] = time.time) -> None:
        self.memory = MemoryTransport(clock=clock)
        self._sns, self._sqs = self.memory.client("sns"), self.memory.client("sqs")
        self._tasks = tasks
        self._queues: dict[str, str] = {}
        self._lock = Lock()

    @property
    def features(self) -> Features:
        return self.memory.features

    def publisher(self) -> "World":
        return self

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        """Publish to the topic of this name, which need not be there."""
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

    def queue_url(self, arn: str) -> str:
        return self.memory.queue_url(arn)

    def _find(self, name: str) -> SqsQueue | None:
        try:
            return self.memory.queue(self._sqs.get_queue_url(QueueName=name)["QueueUrl"])
        except ServiceError:
            return None

    def _make_topic(self, name: str) -> str:
        attributes = {"Attributes": {"FifoTopic": "true"}} if name.endswith(".fifo") else {}
        arn: str = self._sns.create_topic(Name=name, **attributes)["TopicArn"]
        return arn

    def _wants(self, queue_name: str, media_type: str) -> bool:
        queues = self._tasks.queues
        name = queue_name.removesuffix(".fifo")
        if name not in queues and len(queues) == 1:
            (name,) = queues
        return not queues or self._tasks.find(media_type, name) is not None

    def _subscribe(self, topic_arn: str, queue_arn: str) -> None:
        if queue_arn.endswith(".fifo") and not topic_arn.endswith(".fifo"):
            return  # SNS lets FIFO queues subscribe to FIFO topics alone
        raw = {"RawMessageDelivery": "true"}
        self._sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes=raw)
