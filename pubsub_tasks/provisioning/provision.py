"""Creates the topics, queues and subscriptions of a topology, through boto3's clients."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json import loads
from typing import Any

from .topology import DEAD_LETTER_RETENTION, QueuePlan, TopicPlan, Topology, queue_policy, redrive_policy


@dataclass(frozen=True, slots=True)
class Provisioned:
    """ARNs and URLs of what was provisioned; topics by media type, queues by logical name."""

    topic_arns: Mapping[str, str]
    queue_urls: Mapping[str, str]
    dead_letter_urls: Mapping[str, str]


def provision(topology: Topology, sns: Any, sqs: Any) -> Provisioned:
    """Create missing topics, queues, redrive policies, queue policies and subscriptions. Idempotent.

    `sns` and `sqs` are boto3 clients, or those of a memory transport. On an existing queue it sets the
    redrive policy and adds a statement to the queue policy, and changes nothing else.
    """
    topic_arns = {topic.media_type: _make_topic(sns, topic) for topic in topology.topics}
    queue_urls, dead_letter_urls = {}, {}
    for queue in topology.queues:
        sources = [topic_arns[media_type] for media_type in queue.media_types]
        dead_letter_urls[queue.logical_name] = dead_letters = _make_dead_letter_queue(sqs, queue)
        queue_urls[queue.logical_name] = url = _make_queue(sqs, queue, dead_letters, sources)
        arn = _read(sqs, url)["QueueArn"]
        for topic_arn in sources:
            _subscribe(sns, topic_arn, arn)
    return Provisioned(topic_arns, queue_urls, dead_letter_urls)


def _make_topic(sns: Any, topic: TopicPlan) -> str:
    attributes = {"Attributes": {"FifoTopic": "true"}} if topic.fifo else {}
    arn: str = sns.create_topic(Name=topic.name, **attributes)["TopicArn"]
    return arn


def _make_dead_letter_queue(sqs: Any, queue: QueuePlan) -> str:
    url = _create_queue(sqs, queue.dead_letter_name, queue.fifo)
    _write(sqs, url, {"MessageRetentionPeriod": str(DEAD_LETTER_RETENTION)})
    return url


def _make_queue(sqs: Any, queue: QueuePlan, dead_letter_url: str, topic_arns: list[str]) -> str:
    url = _create_queue(sqs, queue.name, queue.fifo)
    found = _read(sqs, url)
    dead_letter_arn = _read(sqs, dead_letter_url)["QueueArn"]
    wanted = {"RedrivePolicy": redrive_policy(dead_letter_arn, queue.max_receive_count)}
    if topic_arns:
        wanted["Policy"] = queue_policy(found["QueueArn"], topic_arns, found.get("Policy"))
    _write(sqs, url, wanted)
    return url


def _create_queue(sqs: Any, name: str, fifo: bool) -> str:
    # Without other attributes, SQS returns an existing queue of this name.
    attributes = {"Attributes": {"FifoQueue": "true"}} if fifo else {}
    url: str = sqs.create_queue(QueueName=name, **attributes)["QueueUrl"]
    return url


def _subscribe(sns: Any, topic_arn: str, queue_arn: str) -> None:
    for subscription in _subscriptions(sns, topic_arn):
        if subscription["Endpoint"] == queue_arn:
            sns.set_subscription_attributes(
                SubscriptionArn=subscription["SubscriptionArn"],
                AttributeName="RawMessageDelivery",
                AttributeValue="true",
            )
            return
    sns.subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=queue_arn,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )


def _subscriptions(sns: Any, topic_arn: str) -> Iterator[dict[str, str]]:
    page = sns.list_subscriptions_by_topic(TopicArn=topic_arn)
    yield from page.get("Subscriptions", ())
    while token := page.get("NextToken"):
        page = sns.list_subscriptions_by_topic(TopicArn=topic_arn, NextToken=token)
        yield from page.get("Subscriptions", ())


def _read(sqs: Any, url: str) -> dict[str, str]:
    attributes: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return attributes


def _write(sqs: Any, url: str, wanted: Mapping[str, str]) -> None:
    """Set attributes that differ, as SQS may take a minute to apply each change."""
    found = _read(sqs, url)
    changes = {name: value for name, value in wanted.items() if not _same(found.get(name), value)}
    if changes:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=changes)


def _same(found: str | None, wanted: str) -> bool:
    return found is not None and (found == wanted or (wanted[0] == "{" and loads(found) == loads(wanted)))
