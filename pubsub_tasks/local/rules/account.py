"""The queues and topics of one account in one region, found by name, URL or ARN."""

from collections.abc import Iterable
from random import Random

from ..queues.move_tasks import MoveTasks
from ..queues.queue import BrokerQueue
from ..topics.subscription import Subscription
from ..topics.topic import Topic
from .ids import Ids
from .service_errors import ServiceError, invalid_parameter, missing


class Account:
    """All queues, topics, subscriptions and move tasks of an account.

    Attributes:
        endpoint: prefix of queue URLs; may be set later, once a port is known.
        changed_queues: names of queues in which a message may have become receivable, for waiting receives.
        deleted_at: when a queue of this name was deleted (epoch seconds).
    """

    def __init__(
        self, region: str, number: str, endpoint: str, random: Random, remembers_deleted: bool
    ) -> None:
        self.region = region
        self.number = number
        self.endpoint = endpoint
        self.ids = Ids(random)
        self.remembers_deleted = remembers_deleted
        self.queues: dict[str, BrokerQueue] = {}
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.moves = MoveTasks()
        self.changed_queues: set[str] = set()
        self.deleted_at: dict[str, float] = {}

    def queue_url(self, name: str) -> str:
        """The URL of the queue of this name."""
        return f"{self.endpoint}/{self.number}/{name}"

    def queue_arn(self, name: str) -> str:
        """The ARN of the queue of this name."""
        return f"arn:aws:sqs:{self.region}:{self.number}:{name}"

    def topic_arn(self, name: str) -> str:
        """The ARN of the topic of this name."""
        return f"arn:aws:sns:{self.region}:{self.number}:{name}"

    def queue(self, url: str | None) -> BrokerQueue:
        """The queue of a URL, whatever its host.

        Raises ServiceError `QueueDoesNotExist`, `MissingParameter`.
        """
        if not url:
            raise missing("QueueUrl")
        queue = self.queues.get(url.rpartition("/")[2])
        if queue is None:
            raise ServiceError("QueueDoesNotExist", f"The specified queue does not exist: {url}.")
        return queue

    def queue_by_arn(self, arn: str) -> BrokerQueue | None:
        """The queue of an ARN, or None if there is none."""
        queue = self.queues.get(arn.rpartition(":")[2])
        return queue if queue is not None and queue.arn == arn else None

    def dead_letters(self, queue: BrokerQueue) -> BrokerQueue | None:
        """The dead-letter queue in the queue's redrive policy, or None if it has none or does not exist."""
        policy = queue.settings.redrive
        return self.queue_by_arn(policy.target) if policy else None

    def sources(self, dead_letters: BrokerQueue) -> Iterable[BrokerQueue]:
        """The queues whose redrive policy names this dead-letter queue."""
        return (
            queue
            for queue in self.queues.values()
            if queue.settings.redrive and queue.settings.redrive.target == dead_letters.arn
        )

    def topic(self, arn: str) -> Topic:
        """The topic of an ARN. Raises ServiceError `InvalidParameter`, `NotFound`."""
        if not arn.startswith("arn:") or arn.count(":") != 5:
            raise invalid_parameter("TopicArn", f"An ARN must have 6 elements, not {arn!r}.")
        topic = self.topics.get(arn)
        if topic is None:
            raise ServiceError("NotFound", f"Topic does not exist: {arn}.")
        return topic
