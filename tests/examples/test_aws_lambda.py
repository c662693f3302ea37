"""The example of a function in Lambda."""

import json
import runpy

import pytest

from examples import aws_lambda
from examples.orders import orders
from pubsub_tasks.wire.records import Record
from tests.aws_lambda.events import sqs_event

ARN = "arn:aws:sqs:eu-west-1:123456789012:receipts"


def test_the_function_sends_receipts() -> None:
    aws_lambda.sent.clear()

    answer = aws_lambda.handler(sqs_event([Record(next(orders()), "r", "m")], ARN), None)

    assert answer == {"batchItemFailures": []}
    assert len(aws_lambda.sent) == 1


def test_the_settings_of_its_event_source_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(aws_lambda.__file__, run_name="__main__")

    text, _, sentence = capsys.readouterr().out.rpartition("}\n")
    assert json.loads(text + "}") == {
        "BatchSize": 100,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumBatchingWindowInSeconds": 2,
        "ScalingConfig": {"MaximumConcurrency": 10},
    }
    assert sentence == "The queue's visibility timeout: 182 s\n"
