"""A shop in memory: topics with a queue each, a producer, and what arrived."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from pubsub_tasks.errors import PublishFailed
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.routes import Routes
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.events import Event
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.wire.records import EntryFailure, Outgoing, Record, Sent

Answer = EntryFailure | PublishFailed


@dataclass
class FaultyPublisher:
    """A publisher that fails where `failing` says so, and publishes the rest; `calls` records each call."""

    publisher: Any
    calls: list[list[Outgoing]] = field(default_factory=list)
    failing: Callable[[int, Outgoing], Answer | None] = lambda call, entry: None

    def publish(self, topic_arn: str, entries: Any) -> list[Sent | EntryFailure]:
        self.calls.append(list(entries))
        answers = [self.failing(len(self.calls), entry) for entry in entries]
        for answer in answers:
            if isinstance(answer, PublishFailed):
                raise answer
        good = [entry for entry, answer in zip(entries, answers, strict=True) if answer is None]
        sent = iter(self.publisher.publish(topic_arn, good) if good else [])
        return [answer if isinstance(answer, EntryFailure) else next(sent) for answer in answers]


class Shop:
    """Topics by name; each has one queue of the same name with raw delivery."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.transport = MemoryTransport(clock=self.clock)
        self.sns, self.sqs = self.transport.client("sns"), self.transport.client("sqs")
        self.wire = FaultyPublisher(self.transport.publisher())
        self.queues: dict[str, Any] = {}
        self.events: list[Event] = []
        self.slept: list[float] = []
        self.tasks = Tasks()

    def topic(self, name: str, *, raw: bool = True) -> str:
        """ARN of a new topic with a queue of the same name."""
        fifo = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
        arn: str = self.sns.create_topic(Name=name, Attributes=fifo)["TopicArn"]
        self.sns.subscribe(
            TopicArn=arn,
            Protocol="sqs",
            Endpoint=self.queue(name).attributes().arn,
            Attributes={"RawMessageDelivery": "true" if raw else "false"},
        )
        return arn

    def queue(self, name: str) -> Any:
        if name not in self.queues:
            fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
            url = self.sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
            self.queues[name] = self.transport.queue(url)
        return self.queues[name]

    def producer(self, **topics: str) -> Producer:
        """A producer to these topics (media type to ARN), bound to the registry."""
        return self.bind(Topics(topics))

    def bind(self, topics: Topics, routes: Routes | None = None, **settings: Any) -> Producer:
        producer = Producer(
            routes or self.wire,
            topics,
            self.tasks.schemas,
            **{"clock": self.clock, "observers": [self.events.append], **settings},
        )
        self.tasks.bind(producer)
        return producer

    def records(self, name: str) -> list[Record]:
        """The messages that arrived in a queue since the last call."""
        found: list[Record] = []
        while more := self.queues[name].receive(10, 0, 600):
            found += more
            self.queues[name].delete([record.receipt_handle for record in more])
        return found

    def arrived(self, name: str) -> list[Delivery]:
        return [decode_record(record) for record in self.records(name)]


@pytest.fixture
def shop() -> Shop:
    return Shop()
