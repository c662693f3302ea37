"""The system that wrote a message is recognized; each sample is what that system writes."""

import json
from base64 import b64encode
from typing import Any

import pytest
from kombu.transport.virtual import Base64

from pubsub_tasks.wire.origins import Origin, describe, find_origin, unwrap
from tests.samples import body


def in_base64(document: object) -> str:
    return b64encode(json.dumps(document).encode()).decode()


def kombu(content: object, headers: dict[str, Any]) -> dict[str, Any]:
    """As kombu's virtual channels write it."""
    return {
        "body": Base64().encode(json.dumps(content)),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": {"body_encoding": "base64", "delivery_info": {"exchange": "", "routing_key": "celery"}},
    }


PROTOCOL_2 = kombu([[1], {}, {"callbacks": None}], {"lang": "py", "task": "shop.add", "id": "i-1"})
PROTOCOL_1 = kombu({"task": "shop.add", "id": "i-1", "args": [1], "kwargs": {}}, {})
DRAMATIQ = {
    "queue_name": "default",
    "actor_name": "count",
    "args": [],
    "kwargs": {},
    "options": {},
    "message_id": "m-1",
    "message_timestamp": 1,
}
S3 = {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}
S3_TEST = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}
EVENTBRIDGE = {"version": "0", "id": "e-1", "detail-type": "Scheduled", "source": "aws.events", "detail": {}}
CLOUDEVENT = {"specversion": "1.0", "id": "e-1", "type": "com.shop.placed", "source": "/shop", "data": {}}
LAMBDA = {"Records": [{"messageId": "m-1", "body": "{}", "eventSource": "aws:sqs"}]}
LAMBDA_SNS = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]}


def notification(message: object, **more: str) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:t", "Message": text, **more}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (PROTOCOL_2, Origin.CELERY),
        (PROTOCOL_1, Origin.CELERY),
        (kombu({"anything": 1}, {}), Origin.KOMBU),
        (DRAMATIQ, Origin.DRAMATIQ),
        (S3, Origin.S3),
        (S3_TEST, Origin.S3),
        (EVENTBRIDGE, Origin.EVENTBRIDGE),
        (CLOUDEVENT, Origin.CLOUDEVENTS),
        (LAMBDA, Origin.LAMBDA),
        (LAMBDA_SNS, Origin.LAMBDA),
        (notification("hello"), Origin.SNS),
    ],
)
def test_a_system_is_recognized_by_the_shape_of_its_messages(document: object, expected: Origin) -> None:
    assert find_origin(document) is expected
    assert find_origin(unwrap(json.dumps(document))) is expected
    assert find_origin(unwrap(in_base64(document))) is expected


@pytest.mark.parametrize(
    "document",
    [
        None,
        1,
        "text",
        [],
        {},
        {"Records": []},
        {"Records": [1]},
        {"Records": {}},
        {"Records": [{"eventSource": 1}]},
        json.loads(body()),
        {**S3, "mediaType": "ours"},
        {"body": 1, "properties": {}, "headers": {}},
    ],
)
def test_other_messages_have_no_known_origin(document: object) -> None:
    assert find_origin(document) is None


@pytest.mark.parametrize(
    ("text", "media_type", "expected"),
    [
        (in_base64(PROTOCOL_2), None, "Celery tasks"),
        (json.dumps(notification(S3)), None, "S3 notifications (through SNS)"),
        (json.dumps(notification(in_base64(PROTOCOL_1))), None, "Celery tasks (through SNS)"),
        (json.dumps(notification("hello")), None, "text that is not JSON (through SNS)"),
        (json.dumps(notification("x", Type="SubscriptionConfirmation")), None, "SNS notifications"),
        (json.dumps(CLOUDEVENT), "com.shop.placed", "CloudEvents"),
        ('{"mediaType": "a/b"}', None, "messages of media type 'a/b'"),
        ('{"x": 1}', "a/b", "messages of media type 'a/b'"),
        ('{"x": 1, "y\\n": 2}', None, "JSON objects with the keys 'x', 'y\\n'"),
        ("{}", None, "empty JSON objects"),
        ("[1]", None, "JSON of type list"),
        ("no json", None, "text that is not JSON"),
        ("[" * 100_000, None, "text that is not JSON"),
        ("", None, "text that is not JSON"),
    ],
)
def test_a_message_is_described_in_a_few_words(text: str, media_type: str | None, expected: str) -> None:
    assert describe(text, media_type) == expected


def test_a_description_stays_short_for_long_names() -> None:
    assert len(describe(json.dumps({"k" * 10_000 + str(number): 1 for number in range(100)}))) < 1_000
    assert len(describe("x", "m" * 10_000)) < 200
