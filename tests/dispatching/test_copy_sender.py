"""Copies that replace messages: a message leaves its queue only after its copy is confirmed."""

import pytest

from pubsub_tasks.dispatching.copy_sender import CopySender
from pubsub_tasks.errors import TransportError
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.verdicts import Forward, Forwarded
from pubsub_tasks.wire.records import EntryFailure, Record, Sent, text
from tests.samples import NOW

FIELDS = {"message_id": "sqs-1"}
FORWARD = Forward(60.0)


def replaced(forward, *, sequence_number=None):
    record = Record(
        "body", "receipt", "sqs-1", attributes={"a": text("b")}, group_id="g", sequence_number=sequence_number
    )
    copies = CopySender(lambda entries: pytest.fail("its own queue"), forward, lambda: NOW)
    return copies.replace(decode_record(record), FORWARD, FIELDS)


def refuse(entries):
    return [EntryFailure("InternalError", "no", retriable=True)]


def fail(entries):
    raise TransportError("the queue is gone", code="Gone")


def test_a_confirmed_copy_is_the_message_as_it_was_received():
    sent = []

    assert replaced(lambda entries: sent.extend(entries) or [Sent("copy")]) == Forwarded()
    assert [(each.body, each.attributes, each.group_id, each.deduplication_id) for each in sent] == [
        ("body", {"a": text("b")}, "g", None)
    ]


def test_on_a_fifo_queue_the_copy_is_no_duplicate_of_its_original():
    sent = []

    replaced(lambda entries: sent.extend(entries) or [Sent("copy")], sequence_number="1")

    assert sent[0].deduplication_id == "sqs-1"


@pytest.mark.parametrize("forward", [refuse, fail, None])
def test_without_a_confirmation_the_message_stays(forward):
    assert replaced(forward) is FORWARD


@pytest.mark.parametrize(("forward", "reason"), [(refuse, "InternalError no"), (fail, "the queue is gone")])
def test_the_log_says_why_a_copy_was_not_sent(forward, reason, caplog):
    replaced(forward)

    assert f"message sqs-1 stays on its queue, since a copy of it cannot be sent: {reason}" in caplog.text
