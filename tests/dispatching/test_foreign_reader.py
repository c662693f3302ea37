"""Queues that declare what their messages are if they name no media type."""

import json
from typing import Any

import pytest

from pubsub_tasks import Tasks, task
from pubsub_tasks.aws_events import PlainText
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.verdicts import DeadLetter
from pubsub_tasks.wire.records import Record
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
