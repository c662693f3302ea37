from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.dead_letters.dead_letter_attribute import DEAD_LETTER, Failure
from pubsub_tasks.dead_letters.dead_letter_copy import build_dead_letter
from pubsub_tasks.dead_letters.redriven_message import restore_message
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.verdicts import DeadLetter
from pubsub_tasks.wire.records import MAX_ATTRIBUTES, Attribute, Outgoing, Record, text
from pubsub_tasks.wire.resend_attribute import RESENT

legal = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
attributes = st.dictionaries(
    st.from_regex(r"[a-z]([a-z.]?[a-z]){0,2}", fullmatch=True) | st.just(RESENT),
    st.builds(text, legal) | st.builds(Attribute, st.just("Binary.x"), st.binary(min_size=1)),
    max_size=MAX_ATTRIBUTES,
)
records = st.builds(
    Record,
    legal,
    st.just("handle"),
    st.just("sqs-id"),
    st.integers(1, 1_000),
    st.floats(0, 1e10),
    st.floats(0, 1e10),
    attributes,
    st.none() | legal,
)
errors = st.none() | st.builds(ValueError, st.text())


@given(records, errors, st.integers(0, 3_000), st.booleans())
def test_what_comes_back_is_what_went(
    record: Record, error: ValueError | None, room: int, fifo: bool
) -> None:
    # When
    sent = build_dead_letter(
        decode_record(record),
        DeadLetter("failed", error),
        task="task",
        queue="queue",
        now=1.0,
        version="1",
        size_limit=_size(record) + room,
        fifo=fifo,
    )

    # Then
    assert sent.body == record.body
    assert sent.size <= _size(record) + room
    assert len(sent.attributes) <= MAX_ATTRIBUTES
    assert record.group_id in (None, sent.group_id)

    # When
    arrived = Record(sent.body, "handle", "there", attributes=sent.attributes, group_id=sent.group_id)
    back = restore_message(arrived)

    # Then
    assert (Failure.read(arrived) is not None) == (DEAD_LETTER in sent.attributes)
    assert back.body == record.body
    assert len(back.attributes) <= MAX_ATTRIBUTES
    assert _without_resent(back.attributes) == _without_resent(record.attributes)


def _size(record: Record) -> int:
    return Outgoing(record.body, record.attributes).size


def _without_resent(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {name: value for name, value in attributes.items() if name != RESENT}
