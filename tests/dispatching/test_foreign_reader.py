"""Queues that declare what their messages are if they name no media type."""

import json
from base64 import b64encode
from gzip import compress
from typing import Any

import pytest

from pubsub_tasks import Tasks, task
from pubsub_tasks.aws_events import PlainText
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.verdicts import DeadLetter, Forward
from pubsub_tasks.wire.records import Record, text
from tests.celery_app import by_celery, record
from tests.samples import NOW, ORDER, OrderPlaced, body

BARE = json.dumps({"order_id": "o-2", "total": "1.00"})


@pytest.fixture
def tasks() -> Tasks:
    tasks = Tasks()
    for schema in (OrderPlaced, PlainText):
        task(schema, tasks=tasks)(lambda **content: None)
    return tasks


def prepared(tasks: Tasks, text: str) -> Any:
    return Dispatcher(tasks, "default").prepare(decode_record(Record(text, "r", "m")), NOW)


def test_a_body_without_a_media_type_is_read_as_the_queue_declares(tasks: Tasks) -> None:
    tasks.assume("default", OrderPlaced)

    call = prepared(tasks, BARE)

    assert isinstance(call, HandlerCall)
    assert (call.task.media_type, call.content["order_id"]) == (ORDER, "o-2")
    assert prepared(tasks, body()).content["order_id"] == "o-1"
    assert prepared(tasks, "hello").content["text"] == "hello"


def test_all_bodies_of_a_queue_can_be_text(tasks: Tasks) -> None:
    tasks.assume("default", "text/plain")

    assert prepared(tasks, BARE).content == {"text": BARE, "subject": ""}


def test_another_queue_is_as_before(tasks: Tasks) -> None:
    tasks.assume("imports", OrderPlaced)

    assert isinstance(prepared(tasks, BARE), DeadLetter)


def test_a_media_type_that_is_no_text_is_still_a_defect(tasks: Tasks) -> None:
    tasks.assume("default", OrderPlaced)

    assert isinstance(prepared(tasks, '{"mediaType": 1, "order_id": "o-2"}'), DeadLetter)


def test_a_celery_message_is_not_plain_text(tasks: Tasks) -> None:
    dispatcher = Dispatcher(tasks, "default", forwards_celery=True)

    verdict = dispatcher.prepare(decode_record(record(by_celery("o-1"))), NOW)

    assert isinstance(verdict, Forward)


@pytest.mark.parametrize("content", [body("application/vnd.other"), "no JSON"])
def test_a_compressed_message_is_not_plain_text(tasks: Tasks, content: str) -> None:
    encoded = b64encode(compress(content.encode())).decode()
    given = Record(encoded, "r", "m", attributes={"content_encoding": text("gzip,base64")})

    assert isinstance(Dispatcher(tasks, "default").prepare(decode_record(given), NOW), DeadLetter)


def test_a_coroutine_is_known_by_the_shape_of_a_body() -> None:
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks)(lambda **content: None)

    @task(PlainText, tasks=tasks)
    async def read(text: str) -> None:
        """Never called."""

    dispatcher = Dispatcher(tasks, "default")

    assert dispatcher.is_coroutine(decode_record(Record("hello", "r", "m")))
    assert not dispatcher.is_coroutine(decode_record(Record(body(), "r", "m")))
