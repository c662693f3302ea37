"""Whatever a message that looks like Celery's has in it, reading it raises nothing and gives a verdict."""

import json
from base64 import b64encode

from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.decorators import task
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.errors import MessageError
from pubsub_tasks.messages.envelope import decode_record, next_attempt
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.verdicts import DeadLetter, Postpone, Retry
from pubsub_tasks.wire.records import Record

NOW = 1_700_000_000.0
SEND_RECEIPT = "shop.tasks.send_receipt"

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TAGGED = st.fixed_dictionaries(
    {"__type__": st.sampled_from(["uuid", "datetime", "decimal", "bytes", "base64", "nothing"]) | VALUES}
    | {"__value__": VALUES}
)
ARGUMENTS = st.lists(VALUES | TAGGED, max_size=3)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "id",
            "eta",
            "expires",
            "retries",
            "timelimit",
            "group",
            "compression",
            "root_id",
            "parent_id",
            "taskset",
        ]
    )
    | st.text(max_size=8),
    VALUES,
)


def encoded(content):
    return b64encode(json.dumps(content).encode()).decode()


BODIES = st.builds(
    lambda args, kwargs, embed: encoded([args, kwargs, embed]),
    ARGUMENTS | VALUES,
    st.dictionaries(st.text(max_size=8), VALUES | TAGGED, max_size=3) | VALUES,
    st.just({"callbacks": None}) | VALUES,
) | st.builds(encoded, VALUES)
DOCUMENTS = st.builds(
    lambda body, content_type, headers, task, properties: {
        "body": body,
        "content-type": content_type,
        "headers": {**headers, "task": task} if isinstance(headers, dict) else headers,
        "properties": properties,
    },
    BODIES | VALUES,
    st.just("application/json") | VALUES,
    HEADERS | VALUES,
    st.just(SEND_RECEIPT) | VALUES,
    st.just({"body_encoding": "base64"}) | st.dictionaries(st.just("body_encoding"), VALUES),
)


class Receipt(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.receipt"
    order_id = fields.Raw()
    total = fields.Raw()


TASKS = Tasks()
task(Receipt, tasks=TASKS, celery=SEND_RECEIPT)(lambda order_id=None, total=None: None)


@settings(max_examples=300)
@given(DOCUMENTS, st.booleans(), st.integers(1, 5))
def test_a_message_like_celery_s_is_a_call_or_has_a_verdict(document, in_base64, receives):
    body = encoded(document) if in_base64 else json.dumps(document)

    delivery = decode_record(Record(body, "receipt", "sqs-1", receives, NOW, NOW))

    assert delivery.defect is None or isinstance(delivery.defect, MessageError)
    assert delivery.attempt >= receives
    assert next_attempt(delivery).attempt == delivery.attempt + 1
    prepared = Dispatcher(TASKS, "default").prepare(delivery, NOW)
    assert isinstance(prepared, HandlerCall | DeadLetter | Postpone | Retry)


def test_nesting_too_deep_is_a_defect():
    for depth in range(100, 2_000, 50):
        nested = "[" * depth + "]" * depth
        message = {
            "body": b64encode(f'[[{nested}], {{}}, {{"x": 1}}]'.encode()).decode(),
            "content-type": "application/json",
            "headers": {"task": SEND_RECEIPT},
            "properties": {"body_encoding": "base64"},
        }
        in_header = json.dumps(message).replace('"task"', f'"deep": {nested}, "task"')

        for body in (json.dumps(message), in_header):
            defect = decode_record(Record(body, "receipt", "sqs-1")).defect
            assert defect is None or isinstance(defect, MessageError)
