"""Messages from the lines of a file."""

import io
import json
import sys
from pathlib import Path

import pytest

from pubsub_tasks.dead_letters import archive
from pubsub_tasks.environments.line_sources import STDIN, is_file, lines_of
from pubsub_tasks.environments.replayed_lines import ReplayedLines
from pubsub_tasks.errors import ConfigurationError, DecodeError
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.wire.records import Record, text

BODY = '{"mediaType": "application/vnd.test", "a": 1}'
ATTRIBUTES = {"media_type": {"DataType": "String", "StringValue": "application/vnd.test"}}
FROM_SQS = {"MessageId": "m", "ReceiptHandle": "r", "Body": BODY, "MessageAttributes": ATTRIBUTES}
FROM_LAMBDA = {
    "messageId": "m",
    "body": BODY,
    "messageAttributes": {"media_type": {"dataType": "String", "stringValue": "application/vnd.test"}},
}
LETTER = archive.to_line(Record(BODY, "r", "m", attributes={"media_type": text("application/vnd.test")}))


def replayed(*lines: str) -> list[Record]:
    return ReplayedLines(Tasks(), lines).queue("default").receive(10, 0, None)


@pytest.mark.parametrize(
    ("line", "tells"),
    [
        (BODY, False),
        (BODY + "\r\n", False),
        (json.dumps(FROM_SQS), True),
        (json.dumps(FROM_LAMBDA), True),
        (LETTER, True),
    ],
    ids=["body", "line end", "as SQS hands it out", "from a Lambda event", "a letter that was kept"],
)
def test_a_line_is_a_message_in_any_of_its_forms(line: str, tells: bool) -> None:
    (record,) = replayed(line)

    assert record.body == BODY
    assert ("media_type" in record.attributes) is tells


def test_an_unreadable_line_is_an_unreadable_message() -> None:
    records = replayed("no json", "", "  ", "[1]", '{"mediaType": "x", "body": "text"}')

    assert [record.body for record in records] == ["no json", "[1]", '{"mediaType": "x", "body": "text"}']


def test_a_malformed_dead_letter_is_reported_before_anything_is_handled() -> None:
    with pytest.raises(DecodeError, match="'oops'"):
        replayed('{"body": "x", "oops": 1}')


def test_it_is_over_when_each_line_is_handled() -> None:
    lines = ReplayedLines(Tasks(), [BODY] * 23)
    assert not lines.is_over()

    queue = lines.queue("default")
    while records := queue.receive(10, 0, None):
        assert not lines.is_over()
        queue.delete([record.receipt_handle for record in records])

    assert lines.is_over()
    assert lines.queue("default").attributes().visible == 0


def test_lines_come_from_a_file_its_url_or_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text("one\ntwo\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("three\n"))

    assert is_file(str(file))
    assert is_file(file.as_uri())
    assert is_file(STDIN)
    assert not is_file("https://sqs.eu-west-1.amazonaws.com/123456789012/orders")
    assert lines_of(str(file)) == lines_of(file.as_uri()) == ["one", "two"]
    assert lines_of(STDIN) == ["three\n"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")

    for url in ((tmp_path / "bytes").as_uri(), "file:///no/such/file"):
        with pytest.raises(ConfigurationError, match=f"cannot read messages from {url}"):
            lines_of(url)
