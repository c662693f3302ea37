"""Routes: where a message goes, and by what: a topic, a queue of its own, or a schedule. Waits for nothing.

SNS has no delay. The shortest durable way to a later time is the queue's own delay, up to 15 minutes; else a
schedule, where one is configured; else the message goes to its queue at once and says in a header when it is
due: a worker keeps it invisible until then, and sends it on where SQS would not let it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from typing import Protocol

from ..errors import ConfigurationError
from ..transports.protocols import Publisher, Queue
from ..wire.records import MAX_DELAY, EntryFailure, Sent
from .batching import PreparedMessage, ScheduledDestination


@dataclass(frozen=True, slots=True)
class QueueUrls:
    """URLs by a queue's logical name; else `prefix` with the name added."""

    urls: Mapping[str, str] = field(default_factory=dict)
    prefix: str | None = None

    def url(self, queue: str) -> str:
        """Raises ConfigurationError where none is told."""
        found = self.urls.get(queue)
        if found is None and self.prefix is not None:
            found = self.prefix + queue
        if found is None:
            raise ConfigurationError(
                f"a delayed task goes to its own queue, and no URL is told for {queue!r}: give it in "
                "sqs_queue_urls, or a prefix for all, such as "
                "PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX=https://sqs.eu-west-1.amazonaws.com/123456789012/shop-"
            )
        return found

    def queue(self, name: str) -> str:
        """The logical name of the queue that SQS knows by `name`: the one whose URL ends so, else the name
        without what `prefix` begins each name with. Hosts and accounts are not compared."""
        for logical, url in self.urls.items():
            if url.rpartition("/")[2] == name:
                return logical
        return name.removeprefix((self.prefix or "").rpartition("/")[2])


NO_URLS = QueueUrls()
"""Nothing is configured."""


class Scheduler(Protocol):
    """Sends a message at a later time, whoever lives then. Safe to share between threads."""

    def schedule(self, prepared: PreparedMessage, due: ScheduledDestination) -> Sent | EntryFailure:
        """Raises PublishFailed when the call fails, MessageTooLarge."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """The destination, the queue's delay (seconds), and when it is due where the message must say so."""

    destination: str | ScheduledDestination
    delay: int = 0
    not_before: float | None = None

    @property
    def target(self) -> str:
        """The topic (ARN) or queue (URL) that it leads to, at once or later."""
        return (
            self.destination.target
            if isinstance(self.destination, ScheduledDestination)
            else self.destination
        )

    @property
    def fifo(self) -> bool:
        return self.target.endswith(".fifo")


@dataclass(frozen=True, slots=True)
class Routes:
    """Takes parcels where they go. `queue` opens one by its URL."""

    publisher: Publisher
    queue: Callable[[str], Queue] | None = None
    queue_urls: QueueUrls = field(default_factory=QueueUrls)
    scheduler: Scheduler | None = None

    def later(self, topic: str, queue: str | None, due: float, now: float) -> Route:
        """The way of a message that is due at `due` (epoch seconds): to its task's queue, else to the topic.

        Raises ConfigurationError where there is none.
        """
        if queue is None:
            return Route(self._scheduled(topic, due, "SNS has no delay"))
        url = self.queue_urls.url(queue)
        left = max(0, ceil(due - now))
        if url.endswith(".fifo"):
            return Route(self._scheduled(url, due, "SQS has no delay for one message of a FIFO queue"))
        if left <= MAX_DELAY:
            return Route(url, delay=left)
        if self.scheduler is not None:
            return Route(ScheduledDestination(url, due))
        return Route(url, delay=MAX_DELAY, not_before=due)

    def send(self, prepared_messages: Sequence[PreparedMessage]) -> list[Sent | EntryFailure]:
        """Send parcels of one destination. Raises TransportError when the whole call fails."""
        destination = prepared_messages[0].destination
        entries = [prepared.outgoing for prepared in prepared_messages]
        if isinstance(destination, ScheduledDestination):
            assert self.scheduler is not None
            return [self.scheduler.schedule(prepared, destination) for prepared in prepared_messages]
        if destination.startswith("arn:"):
            return self.publisher.publish(destination, entries)
        assert self.queue is not None
        return self.queue(destination).send(entries)

    def _scheduled(self, target: str, due: float, why: str) -> ScheduledDestination:
        if self.scheduler is None:
            raise ConfigurationError(
                f"{why}: a delay on {target} needs EventBridge Scheduler. Set pubsub_scheduler.role_arn to "
                "the ARN of a role that Scheduler may assume"
            )
        return ScheduledDestination(target, due)


def when(epoch: float) -> str:
    """As Scheduler writes times: UTC, to the second, and never early."""
    return datetime.fromtimestamp(ceil(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%S")
