"""Resources in Terraform's JSON syntax, for the AWS provider.

Source of the arguments: the provider's documentation of each resource. From version 6.9 on it takes a
`max_message_size` of more than 262,144.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from json import dumps
from typing import Any

from ..resources import Key, Kind, Resource
from .cloudformation import NOT_IN_TEMPLATES
from .symbols import each_text, replaced

PROVIDER = ">= 6.9"

TYPES: Mapping[Kind, str] = {
    "topic": "aws_sns_topic",
    "queue": "aws_sqs_queue",
    "subscription": "aws_sns_topic_subscription",
    "schedule group": "aws_scheduler_schedule_group",
    "role": "aws_iam_role",
    "role policy": "aws_iam_role_policy",
    "alarm": "aws_cloudwatch_metric_alarm",
}
_ARGUMENTS: Mapping[Kind, Mapping[str, str]] = {
    "topic": {
        "FifoTopic": "fifo_topic",
        "FifoThroughputScope": "fifo_throughput_scope",
        "KmsMasterKeyId": "kms_master_key_id",
    },
    "queue": {
        "FifoQueue": "fifo_queue",
        "DeduplicationScope": "deduplication_scope",
        "FifoThroughputLimit": "fifo_throughput_limit",
        "KmsMasterKeyId": "kms_master_key_id",
        "MaximumMessageSize": "max_message_size",
        "MessageRetentionPeriod": "message_retention_seconds",
        "RedriveAllowPolicy": "redrive_allow_policy",
        "RedrivePolicy": "redrive_policy",
        "SqsManagedSseEnabled": "sqs_managed_sse_enabled",
        "VisibilityTimeout": "visibility_timeout_seconds",
    },
    "subscription": {
        "FilterPolicy": "filter_policy",
        "FilterPolicyScope": "filter_policy_scope",
        "RawMessageDelivery": "raw_message_delivery",
        "RedrivePolicy": "redrive_policy",
    },
    "role": {"AssumeRolePolicyDocument": "assume_role_policy"},
    "role policy": {"PolicyDocument": "policy"},
    "alarm": {
        "AlarmActions": "alarm_actions",
        "AlarmDescription": "alarm_description",
        "ComparisonOperator": "comparison_operator",
        "EvaluationPeriods": "evaluation_periods",
        "MetricName": "metric_name",
        "Namespace": "namespace",
        "Period": "period",
        "Statistic": "statistic",
        "Threshold": "threshold",
        "TreatMissingData": "treat_missing_data",
    },
}
_NAMES: Mapping[Kind, Callable[[Resource], dict[str, Any]]] = {
    "topic": lambda resource: {"name": resource.key.name},
    "queue": lambda resource: {"name": resource.key.name, "lifecycle": {"prevent_destroy": True}},
    "subscription": lambda resource: {
        "topic_arn": resource.identity["TopicArn"],
        "endpoint": resource.identity["Endpoint"],
        "protocol": "sqs",
    },
    "schedule group": lambda resource: {"name": resource.key.name},
    "role": lambda resource: {"name": resource.key.name, "path": resource.identity["Path"]},
    "role policy": lambda resource: {
        "name": resource.identity["PolicyName"],
        "role": resource.identity["RoleName"],
    },
    "alarm": lambda resource: {
        "alarm_name": resource.key.name,
        "dimensions": {each["Name"]: each["Value"] for each in resource.properties["Dimensions"]},
    },
}


def terraform(resources: Iterable[Resource]) -> dict[str, Any]:
    """The configuration of these resources. Parts of `ANY_PLACE` are those of the provider."""
    given = [resource for resource in resources if resource.key.kind not in NOT_IN_TEMPLATES]
    known = {resource.key for resource in given}
    written: dict[str, dict[str, Any]] = {}
    for resource in given:
        for kind, name, arguments in _blocks(resource, known):
            written.setdefault(kind, {})[name] = each_text(arguments, _interpolated)
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": PROVIDER}}},
        "data": {kind: {"current": {}} for kind in ("aws_caller_identity", "aws_partition", "aws_region")},
        "resource": written,
    }


def address(key: Key) -> str:
    """The address of a resource, such as `aws_sqs_queue.shop_orders`."""
    return f"{TYPES[key.kind]}.{_label(key)}"


def _blocks(resource: Resource, known: set[Key]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    kind, label = resource.key.kind, _label(resource.key)
    names = _ARGUMENTS.get(kind, {})
    arguments = {
        names[name]: _typed(value)
        for name, value in resource.properties.items()
        if value is not None and name in names and not _is_other_encryption(resource, name)
    }
    needs = sorted(address(key) for key in resource.needs if key in known)
    tags = {"tags": dict(resource.tags)} if resource.tags else {}
    yield (
        TYPES[kind],
        label,
        {**_NAMES[kind](resource), **arguments, **tags, **({"depends_on": needs} if needs else {})},
    )
    if kind == "queue" and resource.properties.get("Policy"):
        document = {"Version": "2012-10-17", "Statement": [resource.properties["Policy"]]}
        queue = f"${{{address(resource.key)}.id}}"
        yield "aws_sqs_queue_policy", label, {"queue_url": queue, "policy": dumps(document)}


def _is_other_encryption(resource: Resource, name: str) -> bool:
    """The provider refuses both arguments together."""
    return name == "SqsManagedSseEnabled" and resource.properties.get("KmsMasterKeyId") is not None


def _typed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dumps(value)
    if value in ("true", "false"):
        return value == "true"
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _label(key: Key) -> str:
    label = re.sub(r"[^A-Za-z0-9_-]", "_", key.name.replace(" -> ", "--to--").replace(".fifo", "--fifo"))
    return label if label[:1].isalpha() else f"_{label}"


def _interpolated(text: str) -> str:
    return replaced(
        text,
        "${data.aws_partition.current.partition}",
        "${data.aws_region.current.region}",
        "${data.aws_caller_identity.current.account_id}",
    )
