"""World: a topic, a queue and its dead-letter queue on a broker, and a judge of what became of each message.

It looks at the broker directly, never through what spoils the calls of others.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from json import dumps, loads
from threading import Event
from time import monotonic
from uuid import uuid4

from pubsub_tasks.cli.startup_retry import retry_until_answered
from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.schema_registry import SchemaRegistry
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.messages.envelope import encode_message
from pubsub_tasks.messages.message import Message
from pubsub_tasks.messages.publish_options import PublishOptions
from pubsub_tasks.processes.service import ServiceOptions as Serving
from pubsub_tasks.processes.service import create_service
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.wire.records import Outgoing, Sent
from pubsub_tasks.worker.worker import Worker
from tests.faults.effects import Effect
from tests.faults.ledger import GROUPS, Ledger, is_rejected

PATIENCE = 90.0
"""Seconds after which what should have happened will not."""

VISIBILITY = 3
"""Seconds. Short, since what a killed worker held comes back only then."""


class World:
    """What one storm rages in."""

    def __init__(self, url: str, *, fifo: bool = False) -> None:
        self.url, self.fifo = url, fifo
        self.transport = AwsTransport(ClientSettings(endpoint_url=url))
        sqs, sns = self.transport.client("sqs"), self.transport.client("sns")
        name, suffix = f"faults-{uuid4().hex[:12]}", ".fifo" if fifo else ""
        kind = {"FifoQueue": "true"} if fifo else {}
        made = sqs.create_queue(QueueName=f"{name}-dlq{suffix}", Attributes=kind)
        self.dead = self.transport.queue(made["QueueUrl"])
        policy = {"deadLetterTargetArn": self.dead.attributes().arn, "maxReceiveCount": 1000}
        made = sqs.create_queue(QueueName=name + suffix, Attributes=kind | {"RedrivePolicy": dumps(policy)})
        self.queue = self.transport.queue(made["QueueUrl"])
        kind = {"FifoTopic": "true"} if fifo else {}
        self.topic: str = sns.create_topic(Name=name + suffix, Attributes=kind)["TopicArn"]
        sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=self.queue.attributes().arn,
            Attributes={"RawMessageDelivery": "true"},
        )

    def publish(self, numbers: Iterable[int]) -> None:
        """Each number, through the topic, with nothing in between."""
        publisher, left = self.transport.publisher(), list(numbers)
        while ten := left[:10]:
            del left[:10]
            answers = publisher.publish(self.topic, [self._sealed(number) for number in ten])
            assert all(isinstance(answer, Sent) for answer in answers)

    def producer(self, settings: ClientSettings) -> Producer:
        """As an application's own, over a wire of these settings."""
        return Producer(AwsTransport(settings).publisher(), Topics(default=self.topic), SchemaRegistry())

    def options(self, number: int) -> PublishOptions:
        """How the message of this number is published."""
        return PublishOptions(group_id=str(number % GROUPS)) if self.fifo else PublishOptions()

    def _sealed(self, number: int) -> Outgoing:
        message_id = f"m-{number}"
        return encode_message(
            Codec(Effect),
            Message(Effect.MEDIA_TYPE, {"number": number}, {}, message_id, 0.0),
            group_id=self.options(number).group_id,
            deduplication_id=message_id if self.fifo else None,
        )

    def left(self) -> int:
        """What the queue still holds, wherever it stands."""
        told = self.queue.attributes()
        return told.visible + told.in_flight + told.delayed

    def in_flight(self) -> int:
        """What workers hold, and what killed ones held."""
        return self.queue.attributes().in_flight

    def letters(self) -> list[int]:
        """The numbers of all dead letters, taken out of their queue."""
        taken = []
        while records := self.dead.receive(10, 0, 60):
            taken += [int(loads(record.body)["number"]) for record in records]
            self.dead.delete([record.receipt_handle for record in records])
        return taken


@contextmanager
def consuming(
    world: World, tasks: Tasks, settings: ClientSettings, capacity: Capacity | None = None
) -> Iterator[Worker]:
    """A worker in this process, which must neither crash nor leave anything in hand."""
    capacity = capacity or Capacity(threads=4, visibility=VISIBILITY, wait=1)
    transport, options = AwsTransport(settings), Serving(capacity)
    worker = retry_until_answered(lambda: create_service(transport, tasks, world.queue.url, options)).worker
    crashes: list[str] = []
    worker.on_crash = lambda: crashes.append("a thread of the worker failed: see the log")
    worker.start()
    try:
        yield worker
    finally:
        clean = worker.stop(PATIENCE)
    assert not crashes, crashes
    assert clean, "something was still in hand when the worker had drained"


def until(condition: Callable[[], bool], told: Callable[[], object] = lambda: "") -> None:
    """Wait for a condition; fails with what `told` says when it never comes."""
    deadline, never = monotonic() + PATIENCE, Event()
    while not condition():
        assert monotonic() < deadline, f"after {PATIENCE:g} s it is still not so: {told()}"
        never.wait(0.02)


def all_done(world: World, ledger: Ledger, numbers: Sequence[int]) -> None:
    """Wait until every effect happened and the queue is empty."""
    wanted = sum(not is_rejected(number) for number in numbers)
    until(
        lambda: ledger.count() >= wanted and not world.left(),
        lambda: f"{ledger.count()} of {wanted} done, {world.left()} left",
    )


def judge(world: World, ledger: Ledger, numbers: Sequence[int], excused: int) -> str:
    """No message lost, none left, only those given up that should be, and no more repeats than are excused.

    In a sentence, for those who read what was survived.
    """
    assert ledger.missing(numbers) == [], "lost"
    assert world.left() == 0, "left on the queue"
    letters = world.letters()
    rejected = {number for number in numbers if is_rejected(number)}
    assert set(letters) == rejected, "not the dead letters that there should be"
    if world.fifo:
        assert ledger.overtaken() == [], "(began, before this of its group was finished)"
    repeats = sum(len(pids) - 1 for _, pids in ledger.repeats()) + len(letters) - len(rejected)
    assert repeats <= excused, f"{repeats} repeats, and only {excused} can be accounted for"
    effects = f"{len(numbers) - len(rejected):,} effects and {len(rejected):,} letters"
    order = ", every group in order" if world.fifo else ""
    return f"{effects}, none lost{order}, {repeats} repeats of {excused} excused"
