"""Whatever a queue leased out is read without trust: wrong types, missing members, forged attributes."""

import contextlib
import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from pubsub_tasks import Tasks
from pubsub_tasks.cli.dlq import tables
from pubsub_tasks.dead_letters import archive
from pubsub_tasks.dead_letters.dead_letter_attribute import DEAD_LETTER, Failure
from pubsub_tasks.dead_letters.dead_letter_copy import build_dead_letter
from pubsub_tasks.dead_letters.filters import FieldFilter, LetterFilter
from pubsub_tasks.dead_letters.letter_view import Letter
from pubsub_tasks.dead_letters.redriven_message import redrive_copy, restore_message
from pubsub_tasks.dead_letters.summary import summarize
from pubsub_tasks.dispatching.postponement import postponed_copy
from pubsub_tasks.environments.replayed_lines import ReplayedLines
from pubsub_tasks.errors import DecodeError, EnvelopeError, MessageError
from pubsub_tasks.local.rules.message_attributes import check_count, size_of
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.messages.lambda_record import record_from_lambda
from pubsub_tasks.transports.boto_shapes import format_attributes
from pubsub_tasks.transports.sqs import SqsQueue
from pubsub_tasks.verdicts import DeadLetter
from pubsub_tasks.wire.records import Attribute, EntryFailure, Outgoing, Record, Sent, text
from pubsub_tasks.wire.resend_attribute import RESENT
from pubsub_tasks.wire.sns_notification import SnsNotification

NOW = 1_700_000_000.0
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
SOUND = {"Body": "sound", "ReceiptHandle": "handle", "MessageId": "sound"}
FORGED = '{"attributes":{"a":{"type":1,"text":2}}}'

texts = st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.just(10**400)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def members(*names: str, required: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of some of these members, of any type."""
    return st.fixed_dictionaries(required or {}, optional=dict.fromkeys(names, values))


def attributes_of(shape: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.dictionaries(st.sampled_from(["a", "b", "media_type", DEAD_LETTER, RESENT]), shape)


system = values | members(
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SentTimestamp",
    "MessageGroupId",
    "MessageDeduplicationId",
    "SequenceNumber",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "Body": values,
        "ReceiptHandle": values | st.just("handle"),
        "MessageId": values | st.just("id"),
        "Attributes": system,
        "MessageAttributes": attributes_of(values | members("DataType", "StringValue", "BinaryValue")),
    },
)
told = values | members(
    *(
        "reason",
        "error_type",
        "message",
        "traceback",
        "task",
        "queue",
        "message_id",
        "sqs_message_id",
        "version",
    ),
    *("first_received_at", "failed_at", "published_at", "attempts"),
    required={"attributes": attributes_of(values | members("type", "text", "base64"))},
)
resent = values | members("first_published", "attempts", "waive")
written = st.builds(json.dumps, told | resent) | texts
own_attributes = st.dictionaries(
    st.sampled_from([DEAD_LETTER, RESENT, "media_type", "a"]),
    st.builds(text, written) | st.builds(Attribute, st.just("Binary"), written.map(str.encode)),
)
records = st.builds(
    Record,
    st.just('{"mediaType": "x", "opaqueData": {"x-not-before": "2e9"}}') | texts,
    st.just("handle"),
    st.just("sqs-id"),
    st.integers(1, 2000),
    st.floats(0, 4e9),
    st.floats(0, 4e9),
    own_attributes,
    st.none() | texts,
)


def queue_of(*handed_out: Any) -> SqsQueue:
    """A queue whose next receive leased out these."""
    return SqsQueue(URL, lambda action, params, failure: {"Messages": list(handed_out)})


def is_well_typed(record: Record) -> bool:
    optional = (
        record.group_id,
        record.deduplication_id,
        record.sequence_number,
        record.trace_header,
        record.source_arn,
    )
    return (
        all(isinstance(each, str) for each in (record.body, record.receipt_handle, record.message_id))
        and type(record.receive_count) is int
        and record.receive_count >= 1
        and all(isinstance(each, float) for each in (record.sent_at, record.first_received_at))
        and all(each is None or isinstance(each, str) for each in optional)
        and all(
            isinstance(each.type, str) and isinstance(each.value, str | bytes)
            for each in record.attributes.values()
        )
    )


@given(messages)
@example({**SOUND, "MessageAttributes": {"a": {"DataType": "String"}}})
@example({**SOUND, "MessageAttributes": {"a": None}})
@example({**SOUND, "Attributes": None})
@example({"Body": "no handle"})
def test_no_record_fails_the_receive_of_its_neighbours(message: dict[str, Any]) -> None:
    received = queue_of(message, SOUND).receive(10, 0, None)

    assert received[-1].message_id == "sound"
    assert all(map(is_well_typed, received))
    for record in received:
        decode_record(record)


@given(values)
def test_a_receive_of_anything_else_brings_what_can_be_settled(said: Any) -> None:
    received = SqsQueue(URL, lambda *_: {"Messages": said}).receive(10, 0, None)

    assert all(map(is_well_typed, received))


answers = st.fixed_dictionaries(
    {},
    optional={
        name: values | st.lists(values | members("Id", "MessageId", "Code", "SenderFault"), max_size=3)
        for name in ("Successful", "Failed")
    },
)


@given(answers)
def test_an_answer_to_a_batch_has_a_word_for_each_entry(said: dict[str, Any]) -> None:
    queue = SqsQueue(URL, lambda *_: said)

    assert len(queue.delete(["a", "b"])) == 2
    assert len(queue.change_visibility([("a", 1)])) == 1
    assert all(isinstance(each, Sent | EntryFailure) for each in queue.send([Outgoing("x"), Outgoing("y")]))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "Attributes": values
            | members(
                *("QueueArn", "RedrivePolicy", "VisibilityTimeout", "MessageRetentionPeriod", "FifoQueue"),
                *("MaximumMessageSize", "ApproximateNumberOfMessages"),
            )
            | st.builds(
                lambda policy: {"RedrivePolicy": json.dumps(policy)}, values | members("maxReceiveCount")
            )
        },
    )
)
def test_odd_attributes_of_a_queue_count_as_not_told(said: dict[str, Any]) -> None:
    found = SqsQueue(URL, lambda *_: said).attributes()

    assert isinstance(found.arn, str)
    assert type(found.max_message_size) is int


def test_an_attribute_without_a_value_is_left_out_and_the_others_stay() -> None:
    told = {"a": {"DataType": "String"}, "b": {"DataType": "String", "StringValue": "x"}}

    (record,) = queue_of({**SOUND, "MessageAttributes": told}).receive(10, 0, None)

    assert record.attributes == {"b": text("x")}


@given(records, st.booleans(), st.integers(0, 5_000))
@example(Record("no json", "handle", "sqs-id", attributes={DEAD_LETTER: text(FORGED)}), False, 5_000)
@example(
    Record(
        "x", "h", "i", attributes={DEAD_LETTER: text('{"attributes": {"": {"type": "String", "text": "x"}}}')}
    ),
    False,
    5_000,
)
def test_every_record_can_be_a_letter_that_its_queue_takes(record: Record, fifo: bool, room: int) -> None:
    delivery = decode_record(record)

    copy = build_dead_letter(
        delivery,
        DeadLetter("undecodable", delivery.defect),
        task=None,
        queue=URL,
        now=NOW,
        version="1",
        size_limit=room,
        fifo=fifo,
    )

    assert copy.body == record.body
    sent_on = {name: value for name, value in copy.attributes.items() if name not in record.attributes}
    check_count(copy.attributes)
    size_of(format_attributes(sent_on))


def test_a_letter_never_tells_more_attributes_than_a_message_can_have() -> None:
    forged = {f"a{number}": {"type": "String", "text": "x"} for number in range(50)}
    record = Record("x", "h", "i", attributes={DEAD_LETTER: text(json.dumps({"attributes": forged}))})

    failure = Failure.read(record)

    assert failure is not None
    assert len(failure.attributes) <= 10


@given(records, st.booleans(), st.integers(0, 5_000))
def test_every_letter_can_be_read_shown_and_sent_back(record: Record, fifo: bool, room: int) -> None:
    made = Letter.of(record)

    LetterFilter(reasons=["failed"], tasks=["*"], errors=["x"], wheres=[FieldFilter("a.0", "1")]).matches(
        made, NOW
    )
    summarize([made], NOW)
    json.dumps(tables.as_json(made, NOW))
    console = Console(file=StringIO())
    tables.print_letter(made, NOW, console)
    console.print(tables.kinds_table([made], NOW), tables.letters_table([made], NOW))
    assert (
        archive.from_line(archive.to_line(replace(record, body=record.body or "x"))).attributes
        == record.attributes
    )
    for back in (restore_message(record), redrive_copy(record, fifo=fifo, size_limit=room)):
        check_count(back.attributes)
    postponed_copy(replace(decode_record(record), record=replace(record, receive_count=2)), NOW)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "body": values | st.just("body"),
            "messageId": values | st.just("id"),
            "receiptHandle": values,
            "attributes": system,
            "messageAttributes": attributes_of(values | members("dataType", "stringValue", "binaryValue")),
        },
    )
)
@example({"body": "b", "messageId": "i", "messageAttributes": {"a": {"dataType": "String"}}})
def test_a_lambda_record_is_read_or_refused(said: dict[str, Any]) -> None:
    with contextlib.suppress(EnvelopeError):
        assert is_well_typed(record_from_lambda(said))


@given(
    st.fixed_dictionaries(
        {"TopicArn": values | texts, "Message": values | texts, "MessageId": values | texts},
        optional={
            "Type": values | st.sampled_from(["Notification", "SubscriptionConfirmation"]),
            "Timestamp": values | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
            "MessageAttributes": attributes_of(values | members("Type", "Value")),
        },
    )
)
@example(
    {
        "TopicArn": "t",
        "Message": "m",
        "MessageId": "i",
        "MessageAttributes": {"a": {"Type": "String", "Value": 5}},
    }
)
def test_a_notification_is_read_or_refused(said: dict[str, Any]) -> None:
    with contextlib.suppress(MessageError):
        notice = SnsNotification.read(said)
        assert all(isinstance(each.value, str | bytes) for each in notice.attributes.values())


@given(messages | values | members("body", "messageId", "attributes", "unknown"))
@example({"body": "x", "unknown": 1})
@example({"body": "x", "messageId": 1})
@example({"Body": "x", "MessageAttributes": {"a": {"DataType": "String"}}})
def test_every_line_of_a_file_is_a_message_or_refused(said: Any) -> None:
    with contextlib.suppress(DecodeError):  # of a broken letter, which is told before anything is handled
        ReplayedLines(Tasks(), [json.dumps(said)])


def test_a_binary_attribute_of_a_line_is_read_from_base64() -> None:
    told = {"a": {"DataType": "Binary", "BinaryValue": "AAE="}}
    lines = ReplayedLines(Tasks(), [json.dumps({"Body": "x", "MessageAttributes": told})])

    (record,) = lines.queue("orders").receive(1, 0, None)

    assert record.attributes == {"a": Attribute("Binary", b"\0\1")}


def test_a_line_that_no_queue_takes_is_told_and_its_neighbours_are_handled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = ReplayedLines(Tasks(), ["one", "\x00", "two"])

    queue = lines.queue("orders")

    assert [record.body for record in queue.receive(10, 0, None)] == ["one", "two"]
    assert lines.refused == 1
    assert "line 2" in caplog.text


@pytest.mark.parametrize("line", ['{"Body": "x"}', '{"body": "x", "messageId": 1}', "no json"])
def test_a_line_that_cannot_be_read_is_a_message_all_the_same(line: str) -> None:
    lines = ReplayedLines(Tasks(), [line])

    assert lines.queue("orders").attributes().visible == 1
