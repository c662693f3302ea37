"""A worker that has handled no message of a queue leaves every message there for an hour."""

from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.batches.backoff import FOREIGN_QUEUE_POLLS, UNKNOWN_MESSAGES
from pubsub_tasks.dispatching.foreign_queue_guard import (
    MIN_AGE,
    UNHANDLED_AT_FIRST,
    ForeignQueueGuard,
    hidden_seconds,
)
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.verdicts import DeadLetter, Retry
from pubsub_tasks.wire.origins import describe, find_origin, unwrap
from pubsub_tasks.wire.records import Record

receives = st.integers(min_value=1, max_value=1_000)
ages = st.floats(min_value=0, max_value=4e6)
most = st.none() | st.integers(min_value=1, max_value=1_000)
NOW = 1_750_000_000.0
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
KEYS = [
    "Records",
    "Message",
    "Type",
    "TopicArn",
    "body",
    "headers",
    "properties",
    "content-type",
    "mediaType",
]
shapes = st.dictionaries(st.sampled_from(KEYS), json | st.just("Notification"), max_size=9)


@given(receives, ages, most)
def test_a_message_is_hidden_until_it_is_an_hour_old_at_most(count, age, limit):
    seconds = hidden_seconds(count, age, limit)

    assert (seconds is None) == (age >= MIN_AGE)
    if seconds is not None:
        assert 0 < seconds <= MIN_AGE - age
        nearly_spent = limit is not None and count >= limit - 1
        assert nearly_spent or seconds <= UNKNOWN_MESSAGES.cap


@given(most, st.lists(st.floats(min_value=0, max_value=60), min_size=60, max_size=60))
def test_a_message_outlives_its_receives_for_an_hour(limit, delays):
    # However late it is received again, SQS never moves it away before the hour is over
    age, count = 0.0, 1
    for delay in delays:
        seconds = hidden_seconds(count, age, limit)
        if seconds is None:
            break
        age += seconds + delay
        count += 1
        assert limit is None or count <= limit or age >= MIN_AGE


@given(st.integers(min_value=1, max_value=10**6))
def test_pauses_grow_and_are_bounded(count):
    pause, next_pause = (FOREIGN_QUEUE_POLLS.seconds(n) for n in (count, count + 1))
    assert 0 < pause <= next_pause <= FOREIGN_QUEUE_POLLS.cap


@given(st.lists(st.tuples(receives, ages, st.booleans()), max_size=60), most)
def test_only_the_first_ten_are_dead_letters_within_their_first_hour(stream, limit):
    guard = ForeignQueueGuard(limit)
    young = 0
    for count, age, good in stream:
        first = NOW - age
        record = Record("no json", "r", "m", receive_count=count, sent_at=first, first_received_at=first)
        if good:
            guard.message_handled()
            continue
        given_verdict = DeadLetter("undecodable")
        verdict = guard.review(decode_record(record), given_verdict, NOW)
        if not guard.active:
            assert verdict is given_verdict
        elif isinstance(verdict, Retry):
            assert age < MIN_AGE
        else:
            young += NOW - first < MIN_AGE
            assert young <= UNHANDLED_AT_FIRST


@given(json | shapes)
def test_every_document_can_be_described(document):
    from json import dumps

    text = dumps(document)
    assert 0 < len(describe(text)) < 1_000
    find_origin(unwrap(text))


@given(st.text())
def test_every_body_can_be_described(text):
    assert describe(text)
