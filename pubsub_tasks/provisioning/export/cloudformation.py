"""Resources as a CloudFormation template."""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from ..planning.sns_calls import tag_list
from ..resources import Key, Kind, Resource
from .symbols import each_text, replaced

NOT_IN_TEMPLATES: frozenset[Kind] = frozenset({"encryption key", "lifecycle rule"})
"""A key's policy and a bucket's lifecycle are replaced as a whole by a template."""

_TYPES: Mapping[Kind, str] = {
    "topic": "AWS::SNS::Topic",
    "queue": "AWS::SQS::Queue",
    "subscription": "AWS::SNS::Subscription",
    "schedule group": "AWS::Scheduler::ScheduleGroup",
    "role": "AWS::IAM::Role",
    "role policy": "AWS::IAM::RolePolicy",
    "alarm": "AWS::CloudWatch::Alarm",
}
_NAMES: Mapping[Kind, str] = {
    "topic": "TopicName",
    "queue": "QueueName",
    "schedule group": "Name",
    "alarm": "AlarmName",
}
_NUMBERS = frozenset({"MaximumMessageSize", "MessageRetentionPeriod", "VisibilityTimeout"})
_FLAGS = frozenset({"FifoQueue", "FifoTopic", "RawMessageDelivery", "SqsManagedSseEnabled"})
_ELSEWHERE = frozenset({("queue", "Policy"), ("topic", "MaximumMessageSize")})
"""The first is a resource of its own; CloudFormation has no property for the second."""

_KEPT: Mapping[str, str] = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
"""A queue that leaves the template stays with its messages."""


def cloudformation(resources: Iterable[Resource]) -> dict[str, Any]:
    """The template of these resources. Account, partition and region of `ANY_PLACE` are the stack's."""
    given = [resource for resource in resources if resource.key.kind not in NOT_IN_TEMPLATES]
    known = {resource.key for resource in given}
    written: dict[str, Any] = {}
    for resource in given:
        needs = sorted(logical_id(key) for key in resource.needs if key in known)
        written[logical_id(resource.key)] = {
            "Type": _TYPES[resource.key.kind],
            **({"DependsOn": needs} if needs else {}),
            **(_KEPT if resource.key.kind == "queue" else {}),
            "Properties": each_text(_properties(resource), _substituted),
        }
        if resource.key.kind == "queue" and resource.properties.get("Policy"):
            written[f"{logical_id(resource.key)}Policy"] = _queue_policy(resource)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Topics and queues of an application, written by pubsub-tasks export",
        "Resources": written,
    }


def logical_id(key: Key) -> str:
    """A name for a resource in a template, unique and stable."""
    words = re.findall(r"[A-Za-z0-9]+", f"{key.kind} {key.name}")
    readable = "".join(word[:1].upper() + word[1:] for word in words)
    return f"{readable[:200]}{sha256(str(key).encode()).hexdigest()[:8]}"


def _properties(resource: Resource) -> dict[str, Any]:
    kind = resource.key.kind
    name = {_NAMES[kind]: resource.key.name} if kind in _NAMES else {}
    properties = {
        each: _typed(each, value)
        for each, value in resource.properties.items()
        if value is not None and (kind, each) not in _ELSEWHERE
    }
    tags = {"Tags": tag_list(resource)} if resource.tags else {}
    if kind == "subscription":
        name = {**resource.identity, "Protocol": "sqs", **_region(resource)}
    if kind in ("role", "role policy"):
        name = dict(resource.identity)
    return {**name, **properties, **tags}


def _region(subscription: Resource) -> dict[str, str]:
    """The region of a topic that the template does not make: it may be another than the stack's."""
    is_made = any(key.kind == "topic" for key in subscription.needs)
    return {} if is_made else {"Region": subscription.identity["TopicArn"].split(":")[3]}


def _typed(name: str, value: Any) -> Any:
    return int(value) if name in _NUMBERS else value == "true" if name in _FLAGS else value


def _queue_policy(resource: Resource) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": [resource.properties["Policy"]]}
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": logical_id(resource.key)}],
            "PolicyDocument": each_text(document, _substituted),
        },
    }


def _substituted(text: str) -> Any:
    written = replaced(text, "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")
    return {"Fn::Sub": written} if written != text else text
