import json

import pytest

from pubsub_tasks.content.schema_registry import SchemaRegistry
from pubsub_tasks.dead_letters.edits import apply_edit, check, editable_text
from pubsub_tasks.errors import DecodeError, EnvelopeError, InvalidContent, UnknownMediaType
from pubsub_tasks.wire.records import Record
from tests.samples import ORDER, OrderPlaced

BODY = '{ "mediaType":"m/t", "total" : 1.10, "é":[]}'


def test_a_body_is_laid_out_for_reading() -> None:
    assert editable_text('{"a":1,"é":[true]}') == '{\n  "a": 1,\n  "é": [\n    true\n  ]\n}\n'


@pytest.mark.parametrize(
    "exact", [BODY, '{"a":1,"a":2}', '{"a":0.10000000000000000555}', '{"a":1E400}', "[1", "no json"]
)
def test_what_would_change_when_laid_out_stays_as_it_is(exact: str) -> None:
    assert editable_text(exact) == exact + "\n"


@pytest.mark.parametrize("body", [BODY, '{"a": 1}', "no json", '{"a":1,"a":2}'])
def test_a_text_that_was_not_changed_gives_the_very_same_body(body: str) -> None:
    assert apply_edit(body, editable_text(body)) == body
    assert apply_edit(body, editable_text(body).rstrip()) == body


def test_a_changed_text_is_written_without_its_layout() -> None:
    assert apply_edit('{"a":1}', '{\n  "a": 2\n}\n') == '{"a":2}'


def test_digits_that_were_typed_are_kept() -> None:
    assert apply_edit('{"a":1}', '{\n  "a": 1.10\n}\n') == '{\n  "a": 1.10\n}'


def test_what_a_notification_wraps_is_edited_inside_it() -> None:
    notice = {"Type": "Notification", "TopicArn": "arn", "Message": '{"a": 1}', "MessageId": "1"}
    body = json.dumps(notice)

    assert editable_text(body) == '{\n  "a": 1\n}\n'
    assert json.loads(apply_edit(body, '{"a": 2}')) == {**notice, "Message": '{"a":2}'}


def schemas() -> SchemaRegistry:
    known = SchemaRegistry()
    known.register(OrderPlaced)
    return known


def test_content_that_a_worker_would_take_is_fine() -> None:
    check(Record("", "", ""), json.dumps({"mediaType": ORDER, "order_id": "1", "total": "9"}), schemas())


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("{", DecodeError),
        ('{"order_id": "1"}', EnvelopeError),
        ('{"mediaType": "m/unknown"}', UnknownMediaType),
        (json.dumps({"mediaType": ORDER, "order_id": "1"}), InvalidContent),
    ],
)
def test_content_that_a_worker_would_refuse_is_refused(body: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        check(Record("", "", ""), body, schemas())
