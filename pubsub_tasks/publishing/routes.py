"""Where a message goes and which call sends it: a topic, its task's queue, or a schedule.

SNS has no delay. The shortest durable route to a later time is the queue's own delay, up to 15 minutes; for
longer delays it is a schedule, if one is configured; otherwise the message goes to its queue at once with a
header that says when it is due. A worker keeps it invisible until then, and sends it again when SQS's limit
on invisibility is reached.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from math import ceil
from typing import NamedTuple, Protocol

from ..errors import ConfigurationError
from ..transports.protocols import Publisher, Queue
from ..wire.records import MAX_DELAY, EntryFailure, Sent
from .prepared_message import PreparedMessage, ScheduledDestination

SendCall = Callable[[], list[Sent | EntryFailure]]
"""A call that is ready to be made. Returns one answer per message.

Raises TransportError if it fails as a whole, and MessageTooLarge."""


@dataclass(frozen=True, slots=True)
class QueueUrls:
    """URLs by a queue's logical name; for names without one, `prefix` followed by the name."""

    urls: Mapping[str, str] = field(default_factory=dict)
    prefix: str | None = None

    def url(self, queue: str) -> str:
        """The URL of a queue by its logical name. Raises ConfigurationError if none is configured."""
        found = self.urls.get(queue)
        if found is None and self.prefix is not None:
            found = self.prefix + queue
        if found is None:
            raise ConfigurationError(
                f"a delayed task goes to its own queue, and no URL is configured for {queue!r}: set it in "
                "sqs_queue_urls, or a prefix for all, such as "
                "PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX=https://sqs.eu-west-1.amazonaws.com/123456789012/shop-"
            )
        return found

    def queue(self, name: str) -> str:
        """The logical name of the queue that SQS knows by `name`.

        It is the one whose URL ends with `name`, or else `name` without the prefix. Hosts and accounts are
        not compared.
        """
        for logical, url in self.urls.items():
            if url.rpartition("/")[2] == name:
                return logical
        return name.removeprefix((self.prefix or "").rpartition("/")[2])


NO_URLS = QueueUrls()
"""Nothing is configured."""


class Scheduler(Protocol):
    """Sends a message at a later time, even if this process has ended. Safe to share between threads."""

    def schedule(self, prepared: PreparedMessage, due: ScheduledDestination) -> Sent | EntryFailure:
        """Raises PublishFailed if the call fails, and MessageTooLarge."""
        ...


class Route(NamedTuple):
    """Where one message goes.

    Attributes:
        destination: topic ARN, queue URL, or either of them at a later time.
        delay: seconds that the queue delays it.
        not_before: epoch seconds at which it is due, if the message itself must say so.
    """

    destination: str | ScheduledDestination
    delay: int = 0
    not_before: float | None = None

    @property
    def target(self) -> str:
        """The topic (ARN) or queue (URL), now or later."""
        return (
            self.destination.target
            if isinstance(self.destination, ScheduledDestination)
            else self.destination
        )

    @property
    def fifo(self) -> bool:
        """True if the topic or queue is FIFO."""
        return self.target.endswith(".fifo")


class Routes(NamedTuple):
    """Finds the route of a message and the call that sends it. `queue` opens a queue by its URL."""

    publisher: Publisher
    queue: Callable[[str], Queue] | None = None
    queue_urls: QueueUrls = NO_URLS
    scheduler: Scheduler | None = None

    def later(self, topic: str, queue: str | None, due: float, now: float) -> Route:
        """The route of a message that is due at `due` (epoch seconds): to `queue`, or to `topic` if None.

        Raises ConfigurationError if it needs a scheduler or a queue URL that is not configured.
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

    def call_for(self, messages: Sequence[PreparedMessage]) -> SendCall:
        """The call that sends these messages, which have one destination.

        Raises TransportError if the queue cannot be opened.
        """
        destination = messages[0].destination
        if isinstance(destination, ScheduledDestination):
            return partial(self._schedule, messages, destination)
        entries = [prepared.outgoing for prepared in messages]
        if destination.startswith("arn:"):
            return partial(self.publisher.publish, destination, entries)
        assert self.queue is not None
        return partial(self.queue(destination).send, entries)

    def _schedule(
        self, messages: Sequence[PreparedMessage], destination: ScheduledDestination
    ) -> list[Sent | EntryFailure]:
        assert self.scheduler is not None
        return [self.scheduler.schedule(prepared, destination) for prepared in messages]

    def _scheduled(self, target: str, due: float, why: str) -> ScheduledDestination:
        if self.scheduler is None:
            raise ConfigurationError(
                f"{why}: a delay on {target} needs EventBridge Scheduler. Set pubsub_scheduler.role_arn to "
                "the ARN of a role that Scheduler may assume"
            )
        return ScheduledDestination(target, due)


def when(epoch: float) -> str:
    """The time as Scheduler writes it: UTC, rounded up to the second so that it is never early."""
    return datetime.fromtimestamp(ceil(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%S")
