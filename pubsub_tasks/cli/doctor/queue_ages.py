"""How long the oldest message of each queue has waited, by CloudWatch, which alone knows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ...provisioning.reading.aws_api import Api, pages

_METRIC = "ApproximateAgeOfOldestMessage"
_QUERIES = 500
"""Source: CloudWatch API reference, GetMetricData, MetricDataQueries."""


def queue_ages(api: Api, names: Sequence[str], now: float) -> dict[str, float]:
    """Seconds by queue name, for the queues that have a value of the last minutes. Raises TransportError."""
    found: dict[str, float] = {}
    for start in range(0, len(names), _QUERIES):
        some = names[start : start + _QUERIES]
        queries = [_query(index, name) for index, name in enumerate(some)]
        end = datetime.fromtimestamp(now, UTC)
        times: dict[str, Any] = {"StartTime": end - timedelta(minutes=10), "EndTime": end}
        answers = pages(
            api, "cloudwatch", "GetMetricData", "MetricDataResults", MetricDataQueries=queries, **times
        )
        for result in answers:
            if result["Values"]:  # the newest first
                found[some[int(result["Id"].removeprefix("q"))]] = float(result["Values"][0])
    return found


def _query(index: int, name: str) -> dict[str, Any]:
    dimensions = [{"Name": "QueueName", "Value": name}]
    metric = {"Namespace": "AWS/SQS", "MetricName": _METRIC, "Dimensions": dimensions}
    return {"Id": f"q{index}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
