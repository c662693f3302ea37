"""Whatever a record holds, its line in an archive gives it back; and the archive never breaks on nonsense."""

import contextlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.dead_letters.archive import from_line, to_line
from pubsub_tasks.dead_letters.filters import FieldFilter, LetterFilter
from pubsub_tasks.dead_letters.letter_view import Letter
from pubsub_tasks.dead_letters.summary import summarize
from pubsub_tasks.errors import DecodeError
from pubsub_tasks.wire.records import Attribute, Record

texts = st.text(max_size=40)
attributes = st.dictionaries(
    texts,
    st.builds(Attribute, texts, texts) | st.builds(Attribute, st.just("Binary"), st.binary(max_size=20)),
    max_size=11,
)
times = st.floats(0, 4e9, allow_nan=False)
records = st.builds(
    Record,
    body=st.text(min_size=1, max_size=60),
    receipt_handle=st.just("receipt"),
    message_id=texts,
    receive_count=st.integers(0, 2000),
    sent_at=times,
    first_received_at=times,
    attributes=attributes,
    group_id=st.none() | texts,
    deduplication_id=st.none() | texts,
    sequence_number=st.none() | texts,
    trace_header=st.none() | texts,
    source_arn=st.none() | texts,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@given(records)
def test_a_line_gives_the_record_back(record: Record) -> None:
    assert from_line(to_line(record)) == replace(record, receipt_handle="")


@given(texts | json_values.map(str))
def test_nonsense_is_refused_and_never_breaks(said: str) -> None:
    with contextlib.suppress(DecodeError):
        from_line(said)


@given(st.lists(records, max_size=6), texts, texts, times)
def test_every_record_can_be_filtered_and_counted(
    given_records: list[Record], path: str, value: str, now: float
) -> None:
    letters = [Letter.of(record) for record in given_records]

    wanted = [
        letter for letter in letters if LetterFilter(wheres=[FieldFilter(path, value)]).matches(letter, now)
    ]
    summary = summarize(letters, now)

    assert all(letter in letters for letter in wanted)
    assert sum(row.count for row in summary.rows) == summary.count == len(letters)
    assert all(sum(counts.values()) == len(letters) for counts in summary.counts.values())
