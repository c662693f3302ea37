"""What EventBridge Scheduler needs for long delays: a group, and a role that may send."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import ConfigurationError
from ..resources import SID, Key, Place, Resource
from ..settings import SchedulerSettings
from .statements import fitting


def scheduling_resources(
    scheduler: SchedulerSettings,
    place: Place,
    tags: Mapping[str, str],
    queue_arns: list[str],
    topic_arns: list[str],
    key_use: Mapping[str, Any] | None = None,
) -> Iterator[Resource]:
    """The schedule group and the role; `key_use` is the statement of the key that encrypts what it sends to.

    Raises ConfigurationError for a role of another account.
    """
    role = role_name(scheduler.role_arn, place)
    if scheduler.group != "default":
        key = Key("schedule group", scheduler.group)
        yield Resource(
            key,
            {},
            {"Arn": place.schedule_group_arn(scheduler.group)},
            tags,
            why="delays of more than 15 minutes",
        )
    yield Resource(
        Key("role", role),
        {"AssumeRolePolicyDocument": _trust(place)},
        {"RoleName": role, "Path": _path(scheduler.role_arn)},
        tags,
        why="EventBridge Scheduler sends with it",
    )
    yield Resource(
        Key("role policy", role),
        {"PolicyDocument": sending_policy(queue_arns, topic_arns, key_use)},
        {"RoleName": role, "PolicyName": SID},
        needs=(Key("role", role),),
        why="what EventBridge Scheduler may send to",
    )


def role_name(arn: str, place: Place) -> str:
    """The name in a role's ARN. Raises ConfigurationError if it is of another account."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        raise ConfigurationError(f"pubsub_scheduler.role_arn: {arn!r} is not the ARN of a role")
    if parts[4] != place.account:
        raise ConfigurationError(
            f"pubsub_scheduler.role_arn is a role of account {parts[4]}, and this is account {place.account}"
        )
    return parts[5].rpartition("/")[2]


def _path(role_arn: str) -> str:
    """The path in a role's ARN. Source: IAM user guide, "IAM identifiers"."""
    return role_arn.partition(":role")[2].rpartition("/")[0] + "/"


def sending_policy(
    queue_arns: list[str], topic_arns: list[str], key_use: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Allows sending to these queues and publishing to these topics, and what their encryption needs.

    Each list takes at most 4,096 bytes, since the policies in a role take 10,240.
    Source: IAM user guide, "IAM and AWS STS quotas".
    """
    statements = [("sqs:SendMessage", queue_arns), ("sns:Publish", topic_arns)]
    allowed: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": action, "Resource": fitting(arns)}
        for action, arns in statements
        if arns
    ]
    if key_use:
        allowed.append(dict(key_use))
    return {"Version": "2012-10-17", "Statement": allowed}


def _trust(place: Place) -> dict[str, Any]:
    """Source: EventBridge Scheduler user guide, "Confused deputy prevention"."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
