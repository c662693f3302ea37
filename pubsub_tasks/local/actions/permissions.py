"""SQS and SNS actions on permissions: statements in queue and topic policies, which are not enforced."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..rules.account import Account
from ..rules.service_errors import ServiceError, invalid_parameter, invalid_value, missing

Params = Mapping[str, Any]
Answer = dict[str, Any]

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_MOST_ACTIONS = 7
"""Source: SQS API reference, AddPermission."""

_QUEUE_ACTIONS = frozenset(
    {
        "*",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
    }
)
_TOPIC_ACTIONS = frozenset(
    {
        "AddPermission",
        "DeleteTopic",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "Publish",
        "Receive",
        "RemovePermission",
        "SetTopicAttributes",
        "Subscribe",
    }
)


def add_queue_permission(account: Account, params: Params, now: float) -> Answer:
    """Add a statement for other accounts to a queue's policy."""
    queue = account.queue(params.get("QueueUrl"))
    label, accounts = params.get("Label") or "", params.get("AWSAccountIds") or []
    actions = params.get("Actions") or []
    if not actions:
        raise missing("Actions")
    if len(actions) > _MOST_ACTIONS:
        raise ServiceError(
            "OverLimit", f"{len(actions)} Actions were found, maximum allowed is {_MOST_ACTIONS}."
        )
    for action in actions:
        if action not in _QUEUE_ACTIONS:
            raise invalid_value(
                "ActionName", f"SQS:{action}", "Only the queue owner is allowed to invoke this action."
            )
    if not _LABEL.fullmatch(label):
        raise invalid_value(
            "Label", label, "Can only include alphanumeric characters, hyphens, or underscores."
        )
    if not accounts or not all(_ACCOUNT.fullmatch(number) for number in accounts):
        raise invalid_value("PrincipalId", accounts, "Unable to verify.")
    policy = _policy(queue.settings.texts.get("Policy"), f"{queue.arn}/SQSDefaultPolicy")
    if _labelled(policy, label):
        raise invalid_value("Label", label, "Already exists.")
    policy["Statement"].append(
        _statement(label, accounts, [f"SQS:{action}" for action in actions], queue.arn)
    )
    queue.configure(queue.settings.changed({"Policy": json.dumps(policy)}), now)
    return {}


def remove_queue_permission(account: Account, params: Params, now: float) -> Answer:
    """Remove a statement from a queue's policy, and the policy with its last statement."""
    queue, label = account.queue(params.get("QueueUrl")), params.get("Label") or ""
    policy = _policy(queue.settings.texts.get("Policy"), "")
    if not _labelled(policy, label):
        raise invalid_value("Label", label, "can't find label on existing policy.")
    text = json.dumps(policy) if _without(policy, label) else ""
    queue.configure(queue.settings.changed({"Policy": text}), now)
    return {}


def add_topic_permission(account: Account, params: Params, now: float) -> Answer:
    """Add a statement for other accounts to a topic's policy."""
    topic = account.topic(params.get("TopicArn") or "")
    label, accounts = params.get("Label") or "", params.get("AWSAccountId") or []
    actions = params.get("ActionName") or []
    if not label:
        raise invalid_parameter("Label", "it is empty")
    if not accounts or not all(_ACCOUNT.fullmatch(number) for number in accounts):
        raise invalid_parameter("AWSAccountId", f"{accounts} must be 12 digits each")
    if not actions or not _TOPIC_ACTIONS.issuperset(actions):
        raise invalid_parameter("ActionName", "Policy statement action out of service scope!")
    policy = _policy(topic.attributes()["Policy"], "")
    if _labelled(policy, label):
        raise invalid_parameter("Label", "Statement already exists")
    policy["Statement"].append(
        _statement(label, accounts, [f"SNS:{action}" for action in actions], topic.arn)
    )
    topic.change({"Policy": json.dumps(policy)})
    return {}


def remove_topic_permission(account: Account, params: Params, now: float) -> Answer:
    """Remove a statement from a topic's policy; an absent one is ignored."""
    topic = account.topic(params.get("TopicArn") or "")
    policy = _policy(topic.attributes()["Policy"], "")
    _without(policy, params.get("Label") or "")
    topic.change({"Policy": json.dumps(policy)})
    return {}


def _policy(text: str | None, name: str) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(text) if text else {"Version": "2008-10-17", "Id": name}
    stated = policy.get("Statement") or []
    return {**policy, "Statement": stated if isinstance(stated, list) else [stated]}


def _labelled(policy: Mapping[str, Any], label: str) -> bool:
    return any(statement.get("Sid") == label for statement in policy["Statement"])


def _without(policy: dict[str, Any], label: str) -> list[Any]:
    left = [each for each in policy["Statement"] if each.get("Sid") != label]
    policy["Statement"] = left
    return left


def _statement(label: str, accounts: Sequence[str], actions: Sequence[str], resource: str) -> dict[str, Any]:
    principals = [f"arn:aws:iam::{number}:root" for number in accounts]
    return {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one(principals)},
        "Action": _one(actions),
        "Resource": resource,
    }


def _one(values: Sequence[str]) -> str | Sequence[str]:
    """A list of one element as that element, as AWS writes it."""
    return values[0] if len(values) == 1 else values


SQS_ACTIONS: dict[str, Callable[[Account, Params, float], Answer]] = {
    "AddPermission": add_queue_permission,
    "RemovePermission": remove_queue_permission,
}
SNS_ACTIONS: dict[str, Callable[[Account, Params, float], Answer]] = {
    "AddPermission": add_topic_permission,
    "RemovePermission": remove_topic_permission,
}
