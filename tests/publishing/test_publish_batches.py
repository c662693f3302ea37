"""When a batch of messages to publish is complete."""

from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.publishing.prepared_message import PreparedMessage
from pubsub_tasks.publishing.publish_batches import FIFO_WINDOW, PublishBatches
from pubsub_tasks.wire.records import Outgoing

STANDARD, FIFO = "arn:orders", "arn:orders.fifo"


def prepared(index, *, topic=STANDARD, group=None, size=10):
    return PreparedMessage("order", f"m-{index}", topic, Outgoing("x", group_id=group), size, index)


def indexes(batch):
    return [each.place for each in batch]


def test_a_batch_is_sent_when_it_has_ten_messages_or_enough_bytes():
    batches = PublishBatches(100)

    assert [list(batches.put(prepared(index, size=1))) for index in range(9)] == [[]] * 9
    assert [indexes(each) for each in batches.put(prepared(9, size=1))] == [[*range(10)]]
    assert list(batches.put(prepared(10, size=60))) == []
    assert [indexes(each) for each in batches.put(prepared(11, size=60))] == [[10]]
    assert [indexes(each) for each in batches.rest()] == [[11]]
    assert list(batches.rest()) == []


def test_each_topic_has_its_own_batches():
    batches = PublishBatches(1000)
    for index in range(4):
        assert list(batches.put(prepared(index, topic=f"arn:{index % 2}"))) == []

    assert [indexes(each) for each in batches.rest()] == [[0, 2], [1, 3]]


drawn_messages = st.lists(
    st.tuples(st.sampled_from([STANDARD, FIFO, "arn:b.fifo"]), st.sampled_from("abc"), st.integers(1, 100))
)


@given(drawn_messages)
def test_every_message_goes_once_within_the_limits_and_each_group_in_order(drawn):
    batches = PublishBatches(100)
    messages = [
        prepared(i, topic=topic, group=group, size=size) for i, (topic, group, size) in enumerate(drawn)
    ]

    gone = [batch for each in messages for batch in batches.put(each)] + list(batches.rest())

    assert sorted(indexes(each for batch in gone for each in batch)) == [*range(len(drawn))]
    for batch in gone:
        groups = [each.group for each in batch if each.group]
        assert 1 <= len(batch) <= 10
        assert sum(each.size for each in batch) <= 100
        assert len({each.destination for each in batch}) == 1
        assert len(set(groups)) == len(groups)
    for group in {each.group for each in messages} - {None}:
        went = [each.place for batch in gone for each in batch if each.group == group]
        assert went == sorted(went)


def test_a_fifo_topic_collects_more_than_ten_to_find_different_groups():
    batches = PublishBatches(100_000)
    for index in range(FIFO_WINDOW - 1):
        assert list(batches.put(prepared(index, topic=FIFO, group="a"))) == []

    (batch,) = batches.put(prepared(FIFO_WINDOW - 1, topic=FIFO, group="b"))

    assert indexes(batch) == [0, FIFO_WINDOW - 1]
