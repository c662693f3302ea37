"""AWS Lambda Powertools reads the events of these tests, and its decorators wrap the handler."""

import pytest

from pubsub_tasks import Tasks, task
from pubsub_tasks.aws_lambda import lambda_handler
from pubsub_tasks.messages.lambda_record import record_from_lambda, record_from_sns
from pubsub_tasks.wire.records import Attribute, Record, text
from tests.aws_lambda.events import ARN, Clock, sns_event, sqs_event
from tests.powertools import Logger, SNSEvent, SnsModel, SQSEvent, SqsModel
from tests.samples import NOW, OrderPlaced, body, delivery

RECORD = Record(
    body(),
    "receipt-1",
    "059f36b4-87a3-44ab-83d2-661975830a7d",
    receive_count=3,
    sent_at=NOW,
    first_received_at=NOW + 1,
    attributes={
        "shop": text("north"),
        "seal": Attribute("Binary", b"\x00\xff"),
        "n": Attribute("Number", "1"),
    },
    group_id="g",
    deduplication_id="d",
    sequence_number="18849496460467696128",
    trace_header="Root=1-2",
)


def test_powertools_and_we_read_the_same_of_an_event_of_sqs() -> None:
    event = sqs_event([RECORD])

    (theirs,) = SQSEvent(event).records
    (model,) = SqsModel.model_validate(event).Records
    ours = record_from_lambda(event["Records"][0])

    assert ours == RECORD
    assert (theirs.message_id, theirs.body, theirs.receipt_handle) == (
        ours.message_id,
        ours.body,
        "receipt-1",
    )
    assert theirs.attributes.approximate_receive_count == "3"
    assert theirs.attributes.message_group_id == ours.group_id
    assert theirs.queue_url == "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
    assert model.messageId == ours.message_id
    assert model.eventSourceARN == ARN


def test_powertools_and_we_read_the_same_of_an_event_of_sns() -> None:
    event = sns_event(body(), {"shop": {"Type": "String", "Value": "north"}})

    (theirs,) = SNSEvent(event).records
    (model,) = SnsModel.model_validate(event).Records
    ours = record_from_sns(event["Records"][0])

    assert theirs.sns.message_id == model.Sns.MessageId == ours.message_id
    assert theirs.sns.message == body()


@pytest.fixture
def tasks() -> Tasks:
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks)(lambda order_id, total: None)
    return tasks


def test_powertools_decorators_wrap_the_handler(tasks: Tasks) -> None:
    class Context(Clock):
        function_name = "orders"
        memory_limit_in_mb = 128
        invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
        aws_request_id = "1"

    handler = Logger(service="powertools").inject_lambda_context(lambda_handler(tasks))

    assert handler(sqs_event([delivery().record]), Context()) == {"batchItemFailures": []}
    assert lambda_handler(tasks).__name__ == "handler"
