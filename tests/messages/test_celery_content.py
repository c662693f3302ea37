"""Deliveries of messages that Celery published."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from pubsub_tasks.errors import CeleryWorkflow, ContentDisallowed, DecodeError, EnvelopeError
from pubsub_tasks.messages.envelope import decode_record, next_attempt
from pubsub_tasks.wire.records import Record, text
from pubsub_tasks.wire.resend_attribute import RESENT, ResendState
from tests.celery_app import SEND_RECEIPT, WORKFLOWS, body_of, by_celery, published, record

MEDIA_TYPE = f"application/vnd.celery.{SEND_RECEIPT}"
JSON = frozenset({"application/json"})
YAML = frozenset({"application/x-yaml"})
MSGPACK = frozenset({"application/x-msgpack"})


@pytest.mark.parametrize("base64", [True, False], ids=["base64", "plain"])
@pytest.mark.parametrize("protocol", [1, 2])
def test_a_celery_message_names_its_task_and_has_its_arguments(protocol, base64):
    given = record(by_celery("o-1", total="9.99"), task_protocol=protocol, base64=base64)

    delivery = decode_record(given)

    assert delivery.defect is None
    assert delivery.media_type == MEDIA_TYPE
    assert delivery.fields == {"args": ["o-1"], "kwargs": {"total": "9.99"}}
    assert delivery.attempt == 1


def test_a_celery_message_by_sns_is_read_whether_delivery_is_raw_or_not():
    body = body_of(published(by_celery("o-1")), base64=False)
    notification = {
        "Type": "Notification",
        "MessageId": "sns-1",
        "TopicArn": "arn:aws:sns:eu-west-1:1:shop",
        "Message": body,
        "Timestamp": "2026-11-27T00:00:00.000Z",
    }

    delivery = decode_record(Record(json.dumps(notification), "receipt", "sqs-1"))

    assert delivery.media_type == MEDIA_TYPE
    assert delivery.fields["args"] == ["o-1"]


def test_ids_and_custom_headers_travel():
    message = published(
        lambda task: task.apply_async(("o-1",), headers={"x-tenant": "blue", "weight": 3}, task_id="task-1")
    )

    delivery = decode_record(Record(body_of(message), "receipt", "sqs-1"))

    assert delivery.id == "task-1"
    assert delivery.headers["x-tenant"] == "blue"
    assert delivery.headers["weight"] == "3"
    assert delivery.headers["root_id"] == "task-1"
    assert delivery.headers["x-request-id"] == "task-1"


def test_eta_and_expiry_are_kept():
    eta, expires = datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, 12, tzinfo=UTC)

    delivery = decode_record(record(lambda task: task.apply_async((), eta=eta, expires=expires)))

    assert delivery.not_before == eta.timestamp()
    assert float(delivery.headers["x-expires"]) == expires.timestamp()


@pytest.mark.parametrize("name", ["eta", "expires"])
def test_a_time_that_cannot_be_read_is_a_defect_as_ignoring_it_would_run_the_task_at_the_wrong_time(name):
    message = published(by_celery("o-1"))
    message["headers"][name] = "tomorrow"

    delivery = decode_record(Record(body_of(message), "receipt", "sqs-1"))

    assert isinstance(delivery.defect, DecodeError)
    assert f"{name} 'tomorrow'" in str(delivery.defect)


@pytest.mark.parametrize("content", [["o-1", {}, {}], [[], "total", {}], [7, None, None]])
def test_arguments_of_the_wrong_type_are_a_defect_and_not_left_out(content):
    message = {**published(by_celery("o-1")), "body": content}

    delivery = decode_record(Record(json.dumps(message), "receipt", "sqs-1"))

    assert isinstance(delivery.defect, EnvelopeError)


def test_times_without_a_zone_are_utc():
    message = published(by_celery())
    message["headers"]["eta"] = "2030-01-01T00:00:00"

    delivery = decode_record(Record(body_of(message), "receipt", "sqs-1"))

    assert delivery.not_before == datetime(2030, 1, 1, tzinfo=UTC).timestamp()


def test_retries_of_celery_count_as_attempts():
    delivery = decode_record(record(lambda task: task.apply_async((), retries=3), receives=2))

    assert delivery.attempt == 5
    assert next_attempt(delivery).attempt == 6


def test_retries_that_a_copy_counts_already_do_not_count_again():
    given = record(
        lambda task: task.apply_async((), retries=3),
        attributes={RESENT: ResendState(attempts=4).attribute()},
    )

    assert decode_record(given).attempt == 5


def test_the_shorter_time_limit_is_the_time_limit():
    delivery = decode_record(record(lambda task: task.apply_async((), time_limit=30, soft_time_limit=20)))

    assert delivery.timeout == 20


@pytest.mark.parametrize(
    ("part", "protocol"),
    [(part, protocol) for part in WORKFLOWS for protocol in (1, 2) if (part, protocol) != ("chain", 1)],
)
def test_a_part_of_a_workflow_is_refused_by_name(part, protocol):
    delivery = decode_record(record(WORKFLOWS[part], task_protocol=protocol))

    assert isinstance(delivery.defect, CeleryWorkflow)
    assert part in str(delivery.defect)
    assert delivery.media_type == MEDIA_TYPE


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "lzma"])
def test_compressed_content_is_read(compression):
    delivery = decode_record(record(lambda task: task.apply_async(("o-1",), compression=compression)))

    assert delivery.fields["args"] == ["o-1"]


@pytest.mark.parametrize(("serializer", "accept"), [("yaml", YAML), ("msgpack", MSGPACK)])
def test_other_content_types_are_read_if_they_are_accepted(serializer, accept):
    given = record(lambda task: task.apply_async(("o-1",), {"total": 1}, serializer=serializer))

    refused = decode_record(given)
    read = decode_record(given, accept=JSON | accept)

    assert isinstance(refused.defect, ContentDisallowed)
    assert refused.media_type == MEDIA_TYPE
    assert read.fields == {"args": ["o-1"], "kwargs": {"total": 1}}


def test_pickle_is_never_read():
    given = record(lambda task: task.apply_async(("o-1",), serializer="pickle"))

    delivery = decode_record(given, accept={"application/json", "application/x-python-serialize"})

    assert isinstance(delivery.defect, DecodeError)


def test_values_that_json_lacks_are_in_types_that_schemas_load():
    moment, number = datetime(2030, 1, 1, tzinfo=UTC), UUID(int=7)
    call = by_celery(moment, moment.date(), number, Decimal("9.99"), at=[moment])

    delivery = decode_record(record(call))

    assert delivery.fields == {
        "args": ["2030-01-01T00:00:00+00:00", "2030-01-01", number, Decimal("9.99")],
        "kwargs": {"at": ["2030-01-01T00:00:00+00:00"]},
    }


@pytest.mark.parametrize(
    "change",
    [
        {"body": 7},
        {"body": "W10="},
        {"headers": None},
        {"headers": {"task": 7}},
        {"headers": {"task": ["shop"], "compression": 3}},
        {"properties": {"body_encoding": ["base64"]}},
        {"content-type": None, "body": "bm8="},
    ],
)
def test_an_odd_message_of_kombu_has_a_defect(change):
    message = {**published(by_celery("o-1")), **change}

    delivery = decode_record(Record(json.dumps(message), "receipt", "sqs-1"))

    assert isinstance(delivery.defect, (EnvelopeError, DecodeError))


def test_a_body_that_only_looks_like_base64_is_reported_as_it_is():
    delivery = decode_record(Record("eyJ!", "receipt", "sqs-1"))

    assert isinstance(delivery.defect, DecodeError)
    assert "4 characters" in str(delivery.defect)


def test_a_message_with_a_media_type_is_ours_whatever_else_it_has():
    body = {"mediaType": "application/vnd.x", "body": "b", "properties": {}, "content-type": "c"}

    delivery = decode_record(Record(json.dumps(body), "receipt", "sqs-1", attributes={"a": text("b")}))

    assert delivery.media_type == "application/vnd.x"


def test_a_message_that_expires_in_seconds_expires_that_much_later():
    before = datetime.now(UTC) + timedelta(seconds=100)

    delivery = decode_record(record(lambda task: task.apply_async((), expires=100)))

    assert float(delivery.headers["x-expires"]) >= before.timestamp() - 0.001


@pytest.mark.parametrize("number", ["1e99999999", "-1e-99999999"])
def test_a_number_that_takes_minutes_to_convert_is_a_defect(number):
    delivery = decode_record(record(by_celery(Decimal(number))))

    assert isinstance(delivery.defect, DecodeError)
    assert delivery.media_type == MEDIA_TYPE
