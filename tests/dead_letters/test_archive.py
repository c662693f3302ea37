from dataclasses import replace

import pytest

from pubsub_tasks.dead_letters.archive import from_line, to_line
from pubsub_tasks.errors import DecodeError
from pubsub_tasks.wire.records import Attribute, text
from tests.dead_letters.samples import moved_by_sqs


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("", "this is not JSON"),
        ("[1]", "not list"),
        ("{}", "'body' is missing"),
        ('{"body": 5}', "'body' is missing, empty or not a string"),
        ('{"body": "x", "boddy": "y"}', "no field 'boddy'"),
        ('{"body": "x", "receipt_handle": "y"}', "no field 'receipt_handle'"),
        ('{"body": "x", "group_id": 5}', "'group_id' is 5, which is not str"),
        ('{"body": "x", "sent_at": true}', "'sent_at' is True, which is not int"),
        ('{"body": "x", "attributes": []}', "'attributes' is not a JSON object"),
        ('{"body": "x", "attributes": {"a": "b"}}', "attribute 'a' takes"),
        (
            '{"body": "x", "attributes": {"a": {"type": "Binary", "base64": "?"}}}',
            "attribute 'a' is not valid base64",
        ),
        (
            '{"body": "x", "attributes": {"a": {"type": "S", "text": "", "base64": ""}}}',
            "attribute 'a' takes",
        ),
    ],
)
def test_a_line_that_is_not_a_letter_is_refused(said: str, complaint: str) -> None:
    with pytest.raises(DecodeError) as caught:
        from_line(said)

    assert complaint in str(caught.value)


def test_a_letter_written_by_hand_needs_a_body_alone() -> None:
    assert from_line('{"body": "x", "attributes": {"a": {"type": "String", "text": "b"}}}').attributes == {
        "a": text("b")
    }


def test_a_line_is_one_line_of_ascii() -> None:
    written = to_line(moved_by_sqs("a\nb\u2028é\U0001f600").record)

    assert written.isascii()
    assert "\n" not in written


def test_bytes_stay_bytes() -> None:
    record = moved_by_sqs().record
    seal = Attribute("Binary", b"\x00\xff")

    assert from_line(to_line(replace(record, attributes={"seal": seal}))).attributes == {"seal": seal}
