"""A queue that receives copies of topics for a while, and is removed at the end.

If its process was killed, a later one removes it: a running one renews a tag once a minute.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex

from ...provisioning.reading.aws_api import Api, found_or_none, pages
from ...provisioning.reading.read_messaging import GONE
from ...provisioning.wanted.messaging import FILTERED_ATTRIBUTE
from ...provisioning.wanted.statements import sending_statement

NAME = "pubsub-tasks-tail-"
OWNER_TAG = "pubsub-tasks:tail-owner"
ALIVE_TAG = "pubsub-tasks:tail-alive"

RENEW_EVERY = 60.0
"""Seconds between two renewals of the tag."""

STALE_AFTER = 900.0
"""Seconds without a renewal after which a queue is left over; clocks of two machines may differ."""

RETENTION = 300
"""Seconds that a queue that was left over keeps messages."""

_ILLEGAL_IN_TAG = re.compile(r"[^\w .:/=+@-]")


@dataclass(frozen=True, slots=True)
class TailedTopic:
    """A topic, and the media types to filter by; empty for all."""

    arn: str
    media_types: tuple[str, ...] = ()


@dataclass(slots=True)
class TemporaryQueue:
    """A queue of this process.

    Attributes:
        subscriptions: their ARNs.
        renewed: when its tag was written (epoch seconds).
    """

    api: Api
    url: str
    owner: str
    renewed: float
    subscriptions: list[str] = field(default_factory=list)

    def renew(self, now: float) -> None:
        """Write the tag again if it is time. Raises TransportError."""
        if now - self.renewed >= RENEW_EVERY:
            self.api("sqs", "TagQueue", {"QueueUrl": self.url, "Tags": _tags(self.owner, now)})
            self.renewed = now

    def remove(self) -> None:
        """Delete subscriptions and queue. Raises TransportError."""
        for arn in self.subscriptions:
            self.api("sns", "Unsubscribe", {"SubscriptionArn": arn})
        self.api("sqs", "DeleteQueue", {"QueueUrl": self.url})


@contextmanager
def temporary_queue(
    api: Api, topics: Sequence[TailedTopic], owner: str, clock: Callable[[], float], prefix: str = ""
) -> Iterator[TemporaryQueue]:
    """A queue subscribed to these topics, for the duration of the block. Raises TransportError."""
    now = clock()
    attributes = {"MessageRetentionPeriod": str(RETENTION), "VisibilityTimeout": "30"}
    made = api(
        "sqs",
        "CreateQueue",
        {"QueueName": f"{prefix}{NAME}{token_hex(6)}", "Attributes": attributes, "tags": _tags(owner, now)},
    )
    queue = TemporaryQueue(api, made["QueueUrl"], owner, now)
    try:
        _subscribe(queue, topics)
        yield queue
    finally:
        queue.remove()


def remove_left_over(api: Api, now: float, prefix: str = "") -> list[str]:
    """Remove the queues of processes that were killed, with their subscriptions. Returns their owners.

    Raises TransportError.
    """
    name = {"QueueNamePrefix": f"{prefix}{NAME}"}
    removed = []
    for url in list(pages(api, "sqs", "ListQueues", "QueueUrls", MaxResults=1_000, **name)):
        answer = found_or_none(api, GONE, "sqs", "ListQueueTags", QueueUrl=url)
        tags = (answer or {}).get("Tags") or {}
        if is_left_over(tags, now) and _remove(api, url):
            removed.append(tags[OWNER_TAG])
    return removed


def is_left_over(tags: Mapping[str, str], now: float) -> bool:
    """Whether the tags are those of a queue whose process no longer runs."""
    alive = tags.get(ALIVE_TAG, "")
    return OWNER_TAG in tags and alive.isdecimal() and now - float(alive) > STALE_AFTER


def _remove(api: Api, url: str) -> bool:
    answer = found_or_none(api, GONE, "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
    if answer is None:
        return False
    arn = answer["Attributes"]["QueueArn"]
    subscriptions = [
        each["SubscriptionArn"]
        for each in pages(api, "sns", "ListSubscriptions", "Subscriptions")
        if each["Endpoint"] == arn and each["SubscriptionArn"].startswith("arn:")
    ]
    TemporaryQueue(api, url, "", 0.0, subscriptions).remove()
    return True


def _subscribe(queue: TemporaryQueue, topics: Sequence[TailedTopic]) -> None:
    names = {"QueueUrl": queue.url, "AttributeNames": ["QueueArn"]}
    arn = queue.api("sqs", "GetQueueAttributes", names)["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [sending_statement(arn, [topic.arn for topic in topics])],
    }
    queue.api(
        "sqs", "SetQueueAttributes", {"QueueUrl": queue.url, "Attributes": {"Policy": json.dumps(policy)}}
    )
    for topic in topics:
        attributes = {"RawMessageDelivery": "true"}
        if topic.media_types:
            attributes["FilterPolicy"] = json.dumps({FILTERED_ATTRIBUTE: list(topic.media_types)})
        made = queue.api(
            "sns",
            "Subscribe",
            {
                "TopicArn": topic.arn,
                "Protocol": "sqs",
                "Endpoint": arn,
                "Attributes": attributes,
                "ReturnSubscriptionArn": True,
            },
        )
        queue.subscriptions.append(made["SubscriptionArn"])


def _tags(owner: str, now: float) -> dict[str, str]:
    return {OWNER_TAG: _ILLEGAL_IN_TAG.sub("_", owner)[:256], ALIVE_TAG: str(int(now))}
