"""Reads topics, queues and subscriptions: lists by the page, then details in parallel."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from json import loads
from typing import Any

from ...errors import TransportError
from ...untrusted.readable_counts import counted
from ...wire.records import INTERVENTION_CODES
from ..planning.sqs_calls import statements
from ..resources import BY_ATTRIBUTES, FILTER_SCOPE, SID, Key, Place, StandingResource
from ..wanted.messaging import subscription_key
from .aws_api import Api, found_or_none, pages

GONE = frozenset(
    {"AWS.SimpleQueueService.NonExistentQueue", "NotFound", "NotFoundException", "QueueDoesNotExist"}
)
"""Codes of what was deleted after it was listed. Source: API references of SQS and SNS."""

_LIST_SIZE = 1_000
_DOCUMENTS = frozenset({"FilterPolicy", "Policy", "RedriveAllowPolicy", "RedrivePolicy"})
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


@dataclass(frozen=True, slots=True)
class Listed:
    """What the lists of an account have: URLs of queues and ARNs of topics by name, and subscriptions."""

    queues: Mapping[str, str]
    topics: Mapping[str, str]
    subscriptions: tuple[Mapping[str, str], ...]


def list_messaging(
    api: Api, queue_prefix: str, topics_elsewhere: Iterable[str], executor: Executor
) -> Listed:
    """List the queues with a name prefix, and all topics and subscriptions.

    Of other regions, the subscriptions of `topics_elsewhere` (ARNs). Raises TransportError.
    """
    prefix = {"QueueNamePrefix": queue_prefix} if queue_prefix else {}
    queues = executor.submit(
        list, pages(api, "sqs", "ListQueues", "QueueUrls", MaxResults=_LIST_SIZE, **prefix)
    )
    topics = executor.submit(list, pages(api, "sns", "ListTopics", "Topics"))
    subscriptions = executor.submit(list, pages(api, "sns", "ListSubscriptions", "Subscriptions"))
    elsewhere = [each for arn in topics_elsewhere for each in _subscriptions_of(api, arn)]
    return Listed(
        {url.rpartition("/")[2]: url for url in queues.result()},
        {each["TopicArn"].rpartition(":")[2]: each["TopicArn"] for each in topics.result()},
        tuple(each for each in [*subscriptions.result(), *elsewhere] if each.get("Protocol") == "sqs"),
    )


def _subscriptions_of(api: Api, topic_arn: str) -> list[Any]:
    """A topic's subscriptions; none if its owner does not let them be listed."""
    try:
        return list(pages(api, "sns", "ListSubscriptionsByTopic", "Subscriptions", TopicArn=topic_arn))
    except TransportError as error:
        if error.code in GONE | INTERVENTION_CODES:
            return []
        raise


def read_messaging(
    api: Api,
    place: Place,
    listed: Listed,
    queues: Collection[str],
    topics: Collection[str],
    executor: Executor,
) -> Iterator[StandingResource]:
    """Read these queues and topics as far as they stand, and the queues' subscriptions.

    Raises TransportError.
    """
    arns = {place.queue_arn(name) for name in queues}
    reads: list[Callable[[], StandingResource | None]] = [
        *(partial(_queue, api, name, listed.queues[name]) for name in queues if name in listed.queues),
        *(
            partial(_topic, api, name, listed.topics[name], _others(listed, listed.topics[name], arns))
            for name in topics
            if name in listed.topics
        ),
        *(
            partial(_subscription, api, place, each)
            for each in listed.subscriptions
            if each["Endpoint"] in arns and each["SubscriptionArn"].startswith("arn:")
        ),
    ]
    yield from filter(None, executor.map(lambda read: read(), reads))


def attributes_of(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as properties: policies as objects, other values as text; empty ones are left out."""
    read = {name: _value(name, value) for name, value in texts.items()}
    return {name: value for name, value in read.items() if value not in ("", {}, None)}


def own_statement(policy: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """This package's statement in a policy, or None."""
    return next((each for each in statements(policy) if each.get("Sid") == SID), None)


def messages_of(api: Api, url: str) -> int:
    """How many messages a queue holds, about. Raises TransportError."""
    params = {"QueueUrl": url, "AttributeNames": list(_COUNTS)}
    return _count(api("sqs", "GetQueueAttributes", params).get("Attributes") or {})


def _count(attributes: Mapping[str, Any]) -> int:
    return sum(int(attributes.get(count, 0)) for count in _COUNTS)


def _value(name: str, value: Any) -> Any:
    if name not in _DOCUMENTS or not value:
        return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else value
    document = loads(value) if isinstance(value, str) else value
    if name == "RedrivePolicy" and "maxReceiveCount" in document:
        document["maxReceiveCount"] = int(document["maxReceiveCount"])  # AWS returns it as it was given
    if name == "RedriveAllowPolicy" and "sourceQueueArns" in document:
        document["sourceQueueArns"] = sorted(document["sourceQueueArns"])
    return document


def _queue(api: Api, name: str, url: str) -> StandingResource | None:
    answer = found_or_none(api, GONE, "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    tags = answer and found_or_none(api, GONE, "sqs", "ListQueueTags", QueueUrl=url)
    if tags is None:
        return None
    properties = attributes_of(answer["Attributes"])
    document = properties.pop("Policy", {})
    messages = _count(properties)
    return StandingResource(
        Key("queue", name),
        {**properties, "Policy": own_statement(document)},
        {"QueueUrl": url, "QueueArn": properties["QueueArn"]},
        tags.get("Tags") or {},
        document,
        f"holds {counted(messages, 'message')}" if messages else None,
    )


def _topic(api: Api, name: str, arn: str, others: int) -> StandingResource | None:
    answer = found_or_none(api, GONE, "sns", "GetTopicAttributes", TopicArn=arn)
    tags = answer and found_or_none(api, GONE, "sns", "ListTagsForResource", ResourceArn=arn)
    if tags is None:
        return None
    return StandingResource(
        Key("topic", name),
        attributes_of(answer["Attributes"]),
        {"TopicArn": arn},
        tags_of(tags.get("Tags") or ()),
        in_use=f"has {counted(others, 'subscription')} of others" if others else None,
    )


def _subscription(api: Api, place: Place, listed: Mapping[str, str]) -> StandingResource | None:
    arn = listed["SubscriptionArn"]
    answer = found_or_none(api, GONE, "sns", "GetSubscriptionAttributes", SubscriptionArn=arn)
    if answer is None:
        return None
    key = subscription_key(listed["TopicArn"], listed["Endpoint"].rpartition(":")[2], place)
    identity = {"SubscriptionArn": arn, "TopicArn": listed["TopicArn"], "Endpoint": listed["Endpoint"]}
    properties = attributes_of(answer["Attributes"])
    if "FilterPolicy" in properties:  # without one, SNS has a scope too, but does not tell it
        properties.setdefault(FILTER_SCOPE, BY_ATTRIBUTES)
    return StandingResource(key, properties, identity)


def tags_of(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags as most services return them."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def _others(listed: Listed, topic_arn: str, queue_arns: Collection[str]) -> int:
    """How many subscriptions of a topic are of other queues."""
    return sum(
        each["TopicArn"] == topic_arn and each["Endpoint"] not in queue_arns for each in listed.subscriptions
    )
