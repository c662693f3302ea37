"""SNS actions on subscriptions. Only queues can subscribe."""

from collections.abc import Mapping
from typing import Any

from ..rules.account import Account
from ..rules.limits import FILTER_POLICIES
from ..rules.service_errors import ServiceError, invalid_parameter
from ..topics.subscription import Subscription
from ..topics.topic import Topic
from .sns_topics import page

Params = Mapping[str, Any]
Answer = dict[str, Any]


def subscribe(account: Account, params: Params, now: float) -> Answer:
    """Subscribe a queue, or return its subscription if its attributes are the same. Confirmed at once."""
    topic = account.topic(params.get("TopicArn") or "")
    endpoint, attributes = params.get("Endpoint") or "", params.get("Attributes") or {}
    _check_endpoint(topic, params.get("Protocol"), endpoint)
    existing = next((s for s in topic.subscriptions.values() if s.endpoint == endpoint), None)
    if existing is None:
        existing = _subscribe(account, topic, endpoint, attributes)
    elif existing.differs(attributes):
        raise invalid_parameter("Attributes", "Subscription already exists with different attributes")
    return {"SubscriptionArn": existing.arn}


def confirm_subscription(account: Account, params: Params, now: float) -> Answer:
    """The subscription of a token.

    Queues are confirmed at once, so no message carries a token; the last part of the ARN serves as one.
    """
    topic, token = account.topic(params.get("TopicArn") or ""), params.get("Token") or ""
    arn = f"{topic.arn}:{token}"
    if arn not in topic.subscriptions:
        raise invalid_parameter("Token", "Invalid token")
    return {"SubscriptionArn": arn}


def unsubscribe(account: Account, params: Params, now: float) -> Answer:
    """Delete a subscription; succeeds if there is none."""
    arn = params.get("SubscriptionArn") or ""
    if arn.count(":") != 6:
        raise invalid_parameter("SubscriptionArn", f"{arn!r} is not the ARN of a subscription.")
    subscription = account.subscriptions.pop(arn, None)
    if subscription is not None:
        topic = account.topics[subscription.topic_arn]
        del topic.subscriptions[arn]
        topic.unsubscribed += 1
    return {}


def list_subscriptions(account: Account, params: Params, now: float) -> Answer:
    """All subscriptions, a hundred at a time."""
    return _listed(params, account.subscriptions)


def list_subscriptions_by_topic(account: Account, params: Params, now: float) -> Answer:
    """A topic's subscriptions, a hundred at a time."""
    return _listed(params, account.topic(params.get("TopicArn") or "").subscriptions)


def get_subscription_attributes(account: Account, params: Params, now: float) -> Answer:
    """All attributes of a subscription."""
    return {"Attributes": _subscription(account, params).attributes()}


def set_subscription_attributes(account: Account, params: Params, now: float) -> Answer:
    """Change one attribute."""
    subscription = _subscription(account, params)
    name, value = params.get("AttributeName") or "", params.get("AttributeValue") or ""
    _store(account, account.topics[subscription.topic_arn], subscription.changed({name: value}))
    return {}


def _subscribe(account: Account, topic: Topic, endpoint: str, attributes: Mapping[str, str]) -> Subscription:
    topic.check_large(topic.texts.get("MaximumMessageSize"), len(topic.subscriptions) + 1)
    arn = f"{topic.arn}:{account.ids.uuid()}"
    subscription = Subscription(arn, topic.arn, endpoint, account.number, {}).changed(attributes)
    _store(account, topic, subscription)
    return subscription


def _store(account: Account, topic: Topic, subscription: Subscription) -> None:
    if subscription.policy is not None:
        _check_policies(topic, subscription.arn)
    account.subscriptions[subscription.arn] = subscription
    topic.subscriptions[subscription.arn] = subscription


def _check_policies(topic: Topic, arn: str) -> None:
    others = sum(other.policy is not None for other in topic.subscriptions.values() if other.arn != arn)
    if others >= FILTER_POLICIES:
        raise ServiceError(
            "FilterPolicyLimitExceeded", f"The topic has {others} filter policies of {FILTER_POLICIES}."
        )


def _check_endpoint(topic: Topic, protocol: str | None, endpoint: str) -> None:
    if protocol != "sqs":
        raise invalid_parameter(
            "Protocol", f"The local broker delivers to sqs only, not {protocol!r}: subscribe a queue."
        )
    if not endpoint.startswith("arn:") or endpoint.count(":") != 5 or ":sqs:" not in endpoint:
        raise invalid_parameter("Endpoint", f"SQS endpoint ARN expected, not {endpoint!r}.")
    if endpoint.endswith(".fifo") and not topic.fifo:
        raise invalid_parameter("Endpoint", "FIFO SQS Queues can not be subscribed to standard SNS topics")


def _subscription(account: Account, params: Params) -> Subscription:
    arn = params.get("SubscriptionArn") or ""
    subscription = account.subscriptions.get(arn)
    if subscription is None:
        raise ServiceError("NotFound", f"Subscription does not exist: {arn}.")
    return subscription


def _listed(params: Params, subscriptions: Mapping[str, Subscription]) -> Answer:
    return page(params, sorted(subscriptions), "Subscriptions", lambda arn: subscriptions[arn].shown())


ACTIONS = {
    "ConfirmSubscription": confirm_subscription,
    "GetSubscriptionAttributes": get_subscription_attributes,
    "ListSubscriptions": list_subscriptions,
    "ListSubscriptionsByTopic": list_subscriptions_by_topic,
    "SetSubscriptionAttributes": set_subscription_attributes,
    "Subscribe": subscribe,
    "Unsubscribe": unsubscribe,
}
