"""The settings of an event source mapping."""

import json

import boto3
import pytest
from botocore.validate import ParamValidator

from pubsub_tasks.aws_lambda import EventSource
from pubsub_tasks.errors import ConfigurationError
from tests.aws_lambda.events import ARN


def test_failures_are_always_reported() -> None:
    assert EventSource("orders").parameters() == {
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }


def test_boto3_accepts_all_settings() -> None:
    source = EventSource(
        ARN, batch_size=100, window=5, maximum_concurrency=8, media_types=["application/vnd.a", "b"]
    )
    client = boto3.client(
        "lambda", region_name="eu-west-1", aws_access_key_id="nobody", aws_secret_access_key="nothing"
    )
    shape = client.meta.service_model.operation_model("CreateEventSourceMapping").input_shape

    settings = source.parameters()

    report = ParamValidator().validate({"FunctionName": "f", "EventSourceArn": ARN, **settings}, shape)
    assert not report.has_errors(), report.generate_report()
    assert settings["MaximumBatchingWindowInSeconds"] == 5
    assert settings["ScalingConfig"] == {"MaximumConcurrency": 8}
    (given,) = settings["FilterCriteria"]["Filters"]
    assert json.loads(given["Pattern"]) == {"body": {"mediaType": ["application/vnd.a", "b"]}}


def test_the_visibility_timeout_is_six_times_the_functions_and_the_window() -> None:
    assert EventSource("orders").visibility_timeout(29.5) == 180
    assert EventSource("orders", window=20).visibility_timeout(30) == 200


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 11}, "more than 10 need a window"),
        ({"batch_size": 10_001, "window": 1}, "1 to 10000"),
        ({"window": 301}, "window=301"),
        ({"queue": "orders.fifo", "window": 1}, "0 for a FIFO queue"),
        ({"maximum_concurrency": 1}, "maximum_concurrency=1"),
    ],
)
def test_what_lambda_would_refuse_is_refused(settings: dict, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        EventSource(**{"queue": "orders", **settings})
