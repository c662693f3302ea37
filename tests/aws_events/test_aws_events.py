"""Events of AWS's services, CloudEvents and plain text, handled by tasks."""

import json
import logging
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import fields
from tenacity import wait_none

from pubsub_tasks import Delivery, PubSubMessageSchema, Tasks, task
from pubsub_tasks.aws_events import (
    CloudEvent,
    CloudWatchAlarm,
    EventBridgeEvent,
    PlainText,
    S3Event,
    S3ObjectCreated,
    S3ObjectRemoved,
    SESReceipt,
)
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.tasks.events import Settled, Started
from pubsub_tasks.verdicts import Ack, DeadLetter, Verdict
from pubsub_tasks.wire.records import Attribute, Record, text
from tests.aws_events.samples import (
    ALARM,
    ALARM_ARN,
    ALARM_BRIDGED,
    S3_BRIDGED,
    S3_TEST,
    SES,
    bridged,
    cloud_event,
    s3_event,
)
from tests.aws_lambda.events import sns_event
from tests.powertools import (
    EventBridgeModel,
    S3EventNotificationEventBridgeModel,
    S3Model,
    SesMail,
    SesReceipt,
)
from tests.samples import NOW
from tests.worker.shop import Shop

WHEN = datetime(2026, 11, 2, 12, 45, 7, tzinfo=UTC)


def consumed(
    body: Any, *schemas: type[PubSubMessageSchema], attributes: dict[str, Attribute] | None = None
) -> list[tuple[str, dict[str, Any]]] | Verdict:
    """What the tasks of these schemas get of a body, by their schema's name; or a verdict without a call."""
    tasks, handled = Tasks(), list[tuple[str, dict[str, Any]]]()
    for schema in schemas:
        declare(tasks, schema, handled)
    document = body if isinstance(body, str) else json.dumps(body)
    dispatcher = Dispatcher(tasks, "default")
    call = dispatcher.prepare(decode_record(Record(document, "r", "m", attributes=attributes or {})), NOW)
    if not isinstance(call, HandlerCall):
        return call
    assert dispatcher.run(call, lambda: NOW) == Ack()
    return handled


def declare(tasks: Tasks, schema: type[PubSubMessageSchema], handled: list[Any]) -> None:
    @task(schema, tasks=tasks)
    def handle(**content: Any) -> None:
        handled.append((schema.__name__, content))


def through_sns(document: Any) -> dict[str, Any]:
    notification: dict[str, Any] = sns_event(document if isinstance(document, str) else json.dumps(document))[
        "Records"
    ][0]["Sns"]
    return notification


def refused(verdict: Any) -> str:
    assert isinstance(verdict, DeadLetter), verdict
    return f"{verdict.reason}: {verdict.error}"


# S3


@pytest.mark.parametrize("body", [s3_event(), through_sns(s3_event()), S3_BRIDGED, through_sns(S3_BRIDGED)])
def test_an_object_created_is_the_same_whichever_way_it_comes(body: Any) -> None:
    handled = consumed(body, S3ObjectCreated)

    assert isinstance(handled, list)
    ((name, content),) = handled
    (record,) = content["records"]
    assert name == "S3ObjectCreated"
    assert record.pop("record")
    assert record.pop("event").startswith("ObjectCreated")
    assert record == {
        "bucket": "shop-orders",
        "key": "in/a b=1.csv",
        "size": 1024,
        "etag": "d41d8cd98f00b204e9800998ecf8427e",
        "version_id": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
        "sequencer": "0055AED6DCD90281E5",
        "time": WHEN,
        "region": "eu-west-1",
    }


def test_several_records_are_one_call() -> None:
    handled = consumed(s3_event("ObjectCreated:Put", "ObjectCreated:Copy"), S3ObjectCreated)

    assert isinstance(handled, list)
    ((_, content),) = handled
    assert [record["event"] for record in content["records"]] == ["ObjectCreated:Put", "ObjectCreated:Copy"]


def test_the_kind_of_event_chooses_the_task() -> None:
    schemas = (S3Event, S3ObjectCreated, S3ObjectRemoved)

    def chosen(event: str) -> str:
        handled = consumed(s3_event(event), *schemas)
        assert isinstance(handled, list)
        return handled[0][0]

    assert chosen("ObjectRemoved:Delete") == "S3ObjectRemoved"
    assert chosen("ObjectCreated:Post") == "S3ObjectCreated"
    assert chosen("ObjectTagging:Put") == "S3Event"


def test_records_of_several_kinds_are_refused_unless_a_task_takes_all() -> None:
    mixed = s3_event("ObjectCreated:Put", "ObjectRemoved:Delete")

    told = refused(consumed(mixed, S3ObjectCreated))

    assert told == "undecodable: one message has S3 records of several kinds: ObjectCreated, ObjectRemoved"
    assert isinstance(consumed(mixed, S3Event), list)


def test_a_test_event_is_acknowledged_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    assert consumed(S3_TEST, S3ObjectCreated) == Ack(skipped=True)
    assert "S3 tests the notifications of bucket shop-orders" in caplog.text


@pytest.mark.parametrize("body", [s3_event(), S3_TEST, S3_BRIDGED, ALARM, SES, "hello"])
def test_without_a_task_that_asks_for_it_nothing_changes(body: Any) -> None:
    class Other(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.test.other"

    assert refused(consumed(body, Other)).startswith("undecodable: ")


def test_what_no_schema_recognizes_names_those_that_were_asked() -> None:
    told = refused(consumed({"Records": [{"eventSource": "aws:other"}]}, S3ObjectCreated))

    assert told.endswith("no schema of this queue recognizes the body either: S3ObjectCreated")


def test_a_record_without_a_key_is_invalid() -> None:
    body = s3_event()
    del body["Records"][0]["s3"]["object"]["key"]

    assert refused(consumed(body, S3ObjectCreated)).startswith("invalid: ")


# EventBridge


class StateChange(EventBridgeEvent):
    MEDIA_TYPE = "application/vnd.test.state-change"
    SOURCE = "aws.ec2"
    DETAIL_TYPE = "EC2 Instance State-change Notification"


STOPPED = bridged("aws.ec2", StateChange.DETAIL_TYPE, {"instance-id": "i-1", "state": "stopped"}, "arn:i-1")


@pytest.mark.parametrize("body", [STOPPED, through_sns(STOPPED)])
def test_an_event_of_eventbridge_is_handled_by_its_detail_type_or_in_general(body: Any) -> None:
    content = {
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "source": "aws.ec2",
        "detail_type": StateChange.DETAIL_TYPE,
        "account": "123456789012",
        "time": WHEN,
        "region": "eu-west-1",
        "resources": ["arn:i-1"],
        "detail": {"instance-id": "i-1", "state": "stopped"},
    }

    assert consumed(body, EventBridgeEvent, StateChange) == [("StateChange", content)]
    assert consumed(body, EventBridgeEvent) == [("EventBridgeEvent", content)]


def test_an_event_of_another_detail_type_is_not_of_the_schema() -> None:
    other = bridged("aws.ec2", "EC2 Spot Instance Interruption Warning", {})
    elsewhere = bridged("shop", StateChange.DETAIL_TYPE, {})

    assert refused(consumed(other, StateChange)).startswith("undecodable: ")
    assert refused(consumed(elsewhere, StateChange)).startswith("undecodable: ")


# CloudWatch, SES, text


@pytest.mark.parametrize(
    ("body", "region", "reason"),
    [
        (through_sns(ALARM), "EU (Ireland)", ALARM["NewStateReason"]),
        (ALARM_BRIDGED, "eu-west-1", "three letters"),
    ],
)
def test_an_alarm_is_the_same_whichever_way_it_comes(body: Any, region: str, reason: str) -> None:
    handled = consumed(body, EventBridgeEvent, CloudWatchAlarm)

    assert isinstance(handled, list)
    ((name, content),) = handled
    assert content.pop("alarm")
    assert name == "CloudWatchAlarm"
    assert content == {
        "name": "letters",
        "arn": ALARM_ARN,
        "state": "ALARM",
        "previous_state": "OK",
        "reason": reason,
        "time": WHEN,
        "description": "There are dead letters.",
        "account": "123456789012",
        "region": region,
    }


def test_a_receipt_of_ses_is_handled() -> None:
    handled = consumed(through_sns(SES), SESReceipt)

    assert handled == [("SESReceipt", {name: SES[name] for name in ("mail", "receipt", "content")})]


def test_plain_text_is_handled() -> None:
    assert consumed("hello", PlainText) == [("PlainText", {"text": "hello", "subject": ""})]
    assert consumed(through_sns("42"), PlainText) == [("PlainText", {"text": "42", "subject": "an order"})]
    assert refused(consumed('{"broken": ', PlainText)).startswith("undecodable: ")
    assert refused(consumed({"a": 1}, PlainText)).startswith("undecodable: ")


# CloudEvents


class OrderPlacedEvent(PubSubMessageSchema):
    MEDIA_TYPE = "com.shop.order.placed"
    order_id = fields.Integer(required=True)


BASE64 = b64encode(b'{"order_id": 1}').decode()
BINARY = {
    "ce-specversion": text("1.0"),
    "ce-id": text("event-1"),
    "ce-source": text("/shop"),
    "ce-type": text("com.shop.order.placed"),
    "ce-time": text("2026-11-02T12:45:07Z"),
}


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        (cloud_event(), {}),
        ([cloud_event()], {}),
        (cloud_event(data_base64=BASE64), {}),
        (through_sns(cloud_event(data_base64=BASE64)), {}),
        ({"order_id": 1}, BINARY),
    ],
)
def test_the_data_of_an_event_goes_to_the_schema_of_its_type(body: Any, attributes: Any) -> None:
    assert consumed(body, CloudEvent, OrderPlacedEvent, attributes=attributes) == [
        ("OrderPlacedEvent", {"order_id": 1})
    ]


def test_a_batch_is_one_call_with_a_list() -> None:
    handled = consumed([cloud_event(1), cloud_event(2, shopkind="web")], CloudEvent)

    assert isinstance(handled, list)
    ((name, content),) = handled
    assert name == "CloudEvent"
    assert [event["data"] for event in content["events"]] == [{"order_id": 1}, {"order_id": 2}]
    assert content["events"][1]["shopkind"] == "web"


@pytest.mark.parametrize(
    ("body", "attributes", "data"),
    [
        (cloud_event(data="text"), {}, "text"),
        (cloud_event(data_base64=b64encode(b"\x00\xff").decode()), {}, b"\x00\xff"),
        ("plain", BINARY, "plain"),
    ],
)
def test_data_of_any_kind_goes_to_the_schema_of_all_events(body: Any, attributes: Any, data: Any) -> None:
    handled = consumed(body, CloudEvent, attributes=attributes)

    assert isinstance(handled, list)
    ((_, content),) = handled
    assert [event["data"] for event in content["events"]] == [data]


def test_a_batch_of_several_types_is_refused() -> None:
    batch = [cloud_event(1), cloud_event(2, "com.shop.order.sent")]

    assert "several types: com.shop.order.placed, com.shop.order.sent" in refused(consumed(batch, CloudEvent))


def test_a_batch_of_several_events_says_what_to_bind() -> None:
    batch = [cloud_event(1), cloud_event(2)]

    assert "bind CloudEvent" in refused(consumed(batch, OrderPlacedEvent))


def test_broken_base64_is_a_dead_letter() -> None:
    for schema in (CloudEvent, OrderPlacedEvent):
        assert "not valid base64" in refused(consumed(cloud_event(data_base64="*"), schema))


# All


def test_a_worker_handles_the_queue_of_a_bucket() -> None:
    shop, keys = Shop(), list[str]()

    @shop.task(S3ObjectCreated)
    def import_orders(records: list[dict[str, Any]]) -> None:
        keys.extend(record["key"] for record in records)

    shop.send_bodies(json.dumps(S3_TEST), json.dumps(s3_event()), json.dumps(through_sns(s3_event())))
    with shop.running_worker(threads=1):
        assert sorted(map(str, shop.events.verdicts(3))) == sorted(
            map(str, [Ack(skipped=True), Ack(), Ack()])
        )

    assert keys == ["in/a b=1.csv"] * 2
    assert shop.messages_left() == []


def test_a_worker_names_the_media_type_that_a_body_was_recognized_by() -> None:
    shop, attempts = Shop(), list[int]()

    @shop.task(S3ObjectCreated, wait=wait_none())
    def import_orders(records: list[dict[str, Any]], delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        if delivery.attempt == 1:
            raise OSError("gone")

    shop.send_bodies(json.dumps(s3_event()))
    with shop.running_worker(threads=1):
        named = [shop.events.next(kind).delivery.media_type for kind in (Started, Settled) * 2]

    assert named == [S3ObjectCreated.MEDIA_TYPE] * 4
    assert attempts == [1, 2]


def test_powertools_accepts_the_samples() -> None:
    S3Model.model_validate(s3_event())
    S3EventNotificationEventBridgeModel.model_validate(S3_BRIDGED)
    EventBridgeModel.model_validate(STOPPED)
    EventBridgeModel.model_validate(ALARM_BRIDGED)
    SesMail.model_validate(SES["mail"])
    by_lambda = {"type": "Lambda", "invocationType": "Event", "functionArn": "arn:f"}  # the one they know
    SesReceipt.model_validate({**SES["receipt"], "action": by_lambda})
