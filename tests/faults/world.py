"""World: a topic, a queue and its dead-letter queue on a broker, and a judge of what became of each message.

It looks at the broker directly, never through what spoils the calls of others.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from json import dumps
from threading import Event
from time import monotonic
from uuid import uuid4

from pubsub_tasks.codecs import Codec
from pubsub_tasks.consuming.worker import Capacity, Worker
from pubsub_tasks.envelope import seal
from pubsub_tasks.message import Message
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.serving import Options, service
from pubsub_tasks.tasks import Tasks
from pubsub_tasks.transports.aws import AwsTransport, Settings
from pubsub_tasks.wire import Record, Sent
from tests.faults.effects import Effect
from tests.faults.ledger import Ledger

PATIENCE = 90.0
"""Seconds after which what should have happened will not."""

VISIBILITY = 3
"""Seconds. Short, since what a killed worker held comes back only then."""


class World:
    """What one storm rages in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.transport = AwsTransport(Settings(endpoint_url=url))
        sqs, sns = self.transport.client("sqs"), self.transport.client("sns")
        self.name = f"faults-{uuid4().hex[:12]}"
        dead = self.transport.queue(sqs.create_queue(QueueName=f"{self.name}-dlq")["QueueUrl"])
        policy = {"deadLetterTargetArn": dead.attributes().arn, "maxReceiveCount": 1000}
        made = sqs.create_queue(QueueName=self.name, Attributes={"RedrivePolicy": dumps(policy)})
        self.queue, self.dead = self.transport.queue(made["QueueUrl"]), dead
        self.topic: str = sns.create_topic(Name=self.name)["TopicArn"]
        sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=self.queue.attributes().arn,
            Attributes={"RawMessageDelivery": "true"},
        )

    def publish(self, numbers: Iterable[int]) -> None:
        """Each number, through the topic, with nothing in between."""
        publisher, codec = self.transport.publisher(), Codec(Effect)
        left = list(numbers)
        while ten := left[:10]:
            del left[:10]
            sealed = [seal(codec, Message(Effect.MEDIA_TYPE, {"number": n}, {}, f"m-{n}", 0.0)) for n in ten]
            assert all(isinstance(answer, Sent) for answer in publisher.publish(self.topic, sealed))

    def producer(self, tasks: Tasks, settings: Settings) -> Producer:
        """As an application's own, over a wire of these settings."""
        return Producer(AwsTransport(settings).publisher(), Topics(default=self.topic), tasks.schemas)

    def left(self) -> int:
        """What the queue still holds, wherever it stands."""
        told = self.queue.attributes()
        return told.visible + told.in_flight + told.delayed

    def in_flight(self) -> int:
        """What workers hold, and what killed ones held."""
        return self.queue.attributes().in_flight

    def letters(self) -> list[Record]:
        """Ten of the dead letters, or fewer."""
        return self.dead.receive(10, 0, 0)


@contextmanager
def consuming(
    world: World, tasks: Tasks, settings: Settings, capacity: Capacity | None = None
) -> Iterator[Worker]:
    """A worker in this process, which must neither crash nor leave anything in hand."""
    capacity = capacity or Capacity(threads=4, visibility=VISIBILITY, wait=1)
    worker = service(AwsTransport(settings), tasks, world.queue.url, Options(capacity)).worker
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
    until(
        lambda: ledger.count() >= len(numbers) and not world.left(),
        lambda: f"{ledger.count()} of {len(numbers)} done, {world.left()} left",
    )


def judge(world: World, ledger: Ledger, numbers: Sequence[int], excused: int) -> str:
    """No message lost, none left, none given up, and no more repeats than are excused; in a sentence."""
    assert ledger.missing(numbers) == [], "lost"
    assert world.left() == 0, "left on the queue"
    assert world.letters() == [], "given up"
    repeats = sum(len(pids) - 1 for _, pids in ledger.repeats())
    assert repeats <= excused, f"{repeats} repeats, and only {excused} can be accounted for"
    return f"{len(numbers):,} of {len(numbers):,} effects, none lost, {repeats} repeats of {excused} excused"
