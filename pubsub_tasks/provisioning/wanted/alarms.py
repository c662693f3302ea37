"""CloudWatch alarms of a queue: the age of its oldest message, and letters in its dead-letter queue."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..resources import Key, Place, Resource
from ..settings import AlarmSettings
from ..topology import QueuePlan

_PERIOD = 300
"""Seconds. SQS reports its metrics every minute, for queues that were in use within six hours."""


def alarm_resources(
    queue: QueuePlan, settings: AlarmSettings, place: Place, tags: Mapping[str, str]
) -> Iterator[Resource]:
    """The alarms of one queue. Source of the metrics: SQS developer guide, "Available CloudWatch metrics"."""
    needs = (Key("queue", queue.name), Key("queue", queue.dead_letter_name))
    for name, watched, metric, threshold, why in (
        (
            f"{queue.name}-oldest-message",
            queue.name,
            "ApproximateAgeOfOldestMessage",
            settings.age,
            f"messages of queue {queue.logical_name} wait for more than {settings.age} s",
        ),
        (
            f"{queue.dead_letter_name}-letters",
            queue.dead_letter_name,
            "ApproximateNumberOfMessagesVisible",
            0,
            f"queue {queue.logical_name} has dead letters",
        ),
    ):
        properties = _alarm(watched, metric, threshold, why, settings.actions)
        identity = {"AlarmName": name, "AlarmArn": place.alarm_arn(name)}
        yield Resource(Key("alarm", name), properties, identity, tags, needs, why)


def _alarm(
    queue_name: str, metric: str, threshold: int, why: str, actions: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "AlarmDescription": why,
        "Namespace": "AWS/SQS",
        "MetricName": metric,
        "Dimensions": [{"Name": "QueueName", "Value": queue_name}],
        "Statistic": "Maximum",
        "Period": _PERIOD,
        "EvaluationPeriods": 1,
        "Threshold": float(threshold),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": list(actions),
    }
