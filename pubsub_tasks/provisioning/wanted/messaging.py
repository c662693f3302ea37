"""Topics, queues, dead-letter queues and subscriptions of a topology, as resources."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigurationError
from ...untrusted.queue_names import FIFO
from ...wire.records import MAX_RETENTION
from ..resources import BY_ATTRIBUTES, FILTER_SCOPE, OWNER_TAG, Key, Place, Resource
from ..settings import DEFAULT_SIZE, ProvisioningSettings
from ..topology import QueuePlan, SubscriptionPlan, TopicPlan, Topology
from .statements import sending_statement

FILTERED_ATTRIBUTE = "media_type"
"""The message attribute that filter policies go by."""

MAX_MESSAGE_SIZE = 1_048_576
"""Bytes: the maximum, so that a letter, which has its reason with it, fits as its message did.
Source: SQS API reference, CreateQueue, MaximumMessageSize."""

MAX_LARGE_SUBSCRIPTIONS = 100
"""Of a topic with a larger MaximumMessageSize than the default.
Source: SNS developer guide, "Large message payloads"."""


@dataclass(frozen=True, slots=True)
class Messaging:
    """Makes the resources of SNS and SQS in one account and region."""

    topology: Topology
    place: Place
    settings: ProvisioningSettings

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of each resource."""
        return {**self.settings.tags, OWNER_TAG: self.settings.owner}

    def resources(self) -> Iterator[Resource]:
        """In an order in which they can be created."""
        yield from (self._topic(topic) for topic in self.topology.topics if self.place.has(topic.arn))
        for queue in self.topology.queues:
            yield self._dead_letter_queue(queue)
            yield self._queue(queue)
            for subscription in queue.subscriptions:
                yield self._subscription(queue, subscription)

    def scheduler_dead_letters(self, name: str) -> Resource:
        """The queue for what EventBridge Scheduler could not send."""
        properties = {
            **self._common(name.endswith(FIFO), False),
            "MessageRetentionPeriod": str(MAX_RETENTION),
        }
        return self._queue_resource(name, properties, (), "what EventBridge Scheduler could not send")

    def _topic(self, topic: TopicPlan) -> Resource:
        properties: dict[str, Any] = {"KmsMasterKeyId": self.settings.kms_key}
        if topic.fifo:
            properties["FifoTopic"] = "true"
        if topic.grouped and topic.fifo:
            properties["FifoThroughputScope"] = "MessageGroup"
        if self.settings.max_size > DEFAULT_SIZE:
            properties["MaximumMessageSize"] = str(self.settings.max_size)
            self._refuse_many_subscriptions(topic)
        types = ", ".join(topic.media_types[:3]) + (", …" if len(topic.media_types) > 3 else "")
        identity = {"TopicArn": topic.arn}
        return Resource(
            Key("topic", topic.name), properties, identity, self.tags, self._key(), f"messages of {types}"
        )

    def _refuse_many_subscriptions(self, topic: TopicPlan) -> None:
        subscribed = [each.topic_arn for queue in self.topology.queues for each in queue.subscriptions]
        count = subscribed.count(topic.arn)
        if count > MAX_LARGE_SUBSCRIPTIONS:
            raise ConfigurationError(
                f"{count} queues subscribe to the topic {topic.name}, and SNS allows "
                f"{MAX_LARGE_SUBSCRIPTIONS} where messages may be over {DEFAULT_SIZE:,} bytes: lower "
                "sns_producer.max_size and store large bodies in pubsub_claims.bucket, or use fewer queues"
            )

    def _dead_letter_queue(self, queue: QueuePlan) -> Resource:
        allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [self.place.queue_arn(queue.name)]}
        properties = {
            **self._common(queue.fifo, queue.grouped),
            "MessageRetentionPeriod": str(MAX_RETENTION),
            "RedriveAllowPolicy": allowed,
            "Policy": self._statement(queue, queue.dead_letter_name),
        }
        return self._queue_resource(
            queue.dead_letter_name, properties, self._key(), f"dead letters of queue {queue.logical_name}"
        )

    def _queue(self, queue: QueuePlan) -> Resource:
        target = self.place.queue_arn(queue.dead_letter_name)
        properties = {
            **self._common(queue.fifo, queue.grouped),
            "VisibilityTimeout": str(self.settings.visibility),
            "MessageRetentionPeriod": str(self.settings.retention),
            "RedrivePolicy": {"deadLetterTargetArn": target, "maxReceiveCount": queue.max_receive_count},
            "Policy": self._statement(queue, queue.name),
        }
        needs = (Key("queue", queue.dead_letter_name), *self._key())
        return self._queue_resource(queue.name, properties, needs, f"tasks of queue {queue.logical_name}")

    def _queue_resource(
        self, name: str, properties: Mapping[str, Any], needs: tuple[Key, ...], why: str
    ) -> Resource:
        identity = {"QueueUrl": self.place.queue_url(name), "QueueArn": self.place.queue_arn(name)}
        return Resource(Key("queue", name), properties, identity, self.tags, needs, why)

    def _common(self, fifo: bool, grouped: bool) -> dict[str, Any]:
        key = self.settings.kms_key
        properties: dict[str, Any] = {
            "MaximumMessageSize": str(MAX_MESSAGE_SIZE),
            "KmsMasterKeyId": key,
            "SqsManagedSseEnabled": "false" if key else "true",
        }
        if fifo:
            properties["FifoQueue"] = "true"
        if fifo and grouped:
            properties |= {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
        return properties

    def _statement(self, queue: QueuePlan, name: str) -> dict[str, Any] | None:
        arns = [subscription.topic_arn for subscription in queue.subscriptions]
        return sending_statement(self.place.queue_arn(name), arns) if arns else None

    def _subscription(self, queue: QueuePlan, subscription: SubscriptionPlan) -> Resource:
        arn = subscription.topic_arn
        topic = arn.rpartition(":")[2]
        identity = {"TopicArn": arn, "Endpoint": self.place.queue_arn(queue.name)}
        properties: dict[str, Any] = {
            "RawMessageDelivery": "true",
            "RedrivePolicy": {"deadLetterTargetArn": self.place.queue_arn(queue.dead_letter_name)},
            "FilterPolicy": None,
        }
        if subscription.patterns:
            properties |= {FILTER_SCOPE: BY_ATTRIBUTES, "FilterPolicy": filter_policy(subscription.patterns)}
        needs = (Key("queue", queue.name), *([Key("topic", topic)] if self.place.has(arn) else []))
        return Resource(
            subscription_key(arn, queue.name, self.place),
            properties,
            identity,
            needs=needs,
            why=f"queue {queue.logical_name} gets what is published there",
        )

    def _key(self) -> tuple[Key, ...]:
        return (Key("encryption key", self.settings.kms_key),) if self.settings.kms_key else ()


def subscription_key(topic_arn: str, queue_name: str, place: Place) -> Key:
    """The key of a queue's subscription to a topic; one of another account or region has its ARN there."""
    topic = topic_arn.rpartition(":")[2] if place.has(topic_arn) else topic_arn
    return Key("subscription", f"{topic} -> {queue_name}")


def filter_policy(patterns: tuple[str, ...]) -> dict[str, Any]:
    """The filter policy that accepts these media types; one that ends in `.*` by its beginning."""
    return {
        FILTERED_ATTRIBUTE: [
            {"prefix": each.removesuffix("*")} if each.endswith(".*") else each for each in patterns
        ]
    }
