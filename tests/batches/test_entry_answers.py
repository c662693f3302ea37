"""Which entries of a batch are sent again, and what is known of each at the end."""

import pytest

from pubsub_tasks.batches.entry_answers import EntryAnswers
from pubsub_tasks.wire.records import EntryFailure, Sent

BUSY = EntryFailure("InternalError", "sorry", retriable=True)
REJECTED = EntryFailure("InvalidParameter", "no", retriable=False)


def test_only_entries_with_a_retriable_failure_stay_pending():
    entries = EntryAnswers(["a", "b", "c"])

    final = entries.record([Sent("1"), BUSY, REJECTED])

    assert final == [("a", Sent("1")), ("c", REJECTED)]
    assert entries.pending == ["b"]


def test_answers_keep_the_order_of_the_entries_across_calls():
    entries = EntryAnswers(["a", "b", "c"])
    entries.record([BUSY, Sent("2"), BUSY])
    entries.record([Sent("1"), REJECTED])

    assert entries.answers == [Sent("1"), Sent("2"), REJECTED]
    assert entries.pending == []


def test_giving_up_returns_what_is_still_pending_with_its_last_failure():
    entries = EntryAnswers(["a", "b"])
    entries.record([Sent("1"), BUSY])

    assert entries.give_up() == [("b", BUSY)]
    assert entries.pending == []


def test_an_entry_that_was_never_sent_is_given_up_as_untried():
    ((entry, failure),) = EntryAnswers(["a"]).give_up()

    assert (entry, failure.code, failure.retriable) == ("a", "Untried", True)


def test_a_call_must_answer_every_pending_entry():
    entries = EntryAnswers(["a", "b"])

    with pytest.raises(ValueError, match="shorter"):
        entries.record([Sent("1")])
