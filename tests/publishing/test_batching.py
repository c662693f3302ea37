"""What goes together, in which order, and what is told of failures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.errors import PublishFailed
from pubsub_tasks.publishing.batching import PreparedMessage, PublishBatches, PublishResults, cut
from pubsub_tasks.wire.records import EntryFailure, Outgoing

STANDARD, FIFO = "arn:orders", "arn:orders.fifo"
REFUSED = EntryFailure("InvalidParameter", "no", retriable=False)


def prepared(index, *, topic=STANDARD, group=None, size=10):
    return PreparedMessage("order", f"m-{index}", topic, Outgoing("x", group_id=group), size, index)


def indexes(batch):
    return [each.index for each in batch]


def test_ten_go_together():
    batch, left = cut([prepared(index) for index in range(12)], 1000)

    assert (indexes(batch), indexes(left)) == ([*range(10)], [10, 11])


def test_no_more_bytes_than_the_topic_takes_and_what_is_too_heavy_waits():
    batch, left = cut([prepared(0, size=60), prepared(1, size=50), prepared(2, size=40)], 100)

    assert (indexes(batch), indexes(left)) == ([0, 2], [1])


def test_of_a_group_one_goes_at_a_time_and_nothing_overtakes_it():
    waiting = [prepared(index, topic=FIFO, group=group) for index, group in enumerate("aabab")]

    assert [indexes(each) for each in cut(waiting, 1000)] == [[0, 2], [1, 3, 4]]


def test_what_is_too_heavy_holds_back_its_group():
    waiting = [
        prepared(0, topic=FIFO, group="a", size=90),
        prepared(1, topic=FIFO, group="b", size=50),
        prepared(2, topic=FIFO, group="b", size=5),
    ]

    assert [indexes(each) for each in cut(waiting, 100)] == [[0], [1, 2]]


def test_a_batch_goes_when_it_is_whole_or_weighs_enough():
    batches = PublishBatches(100)

    assert [list(batches.put(prepared(index, size=1))) for index in range(9)] == [[]] * 9
    assert [indexes(each) for each in batches.put(prepared(9, size=1))] == [[*range(10)]]
    assert list(batches.put(prepared(10, size=60))) == []
    assert [indexes(each) for each in batches.put(prepared(11, size=60))] == [[10]]
    assert [indexes(each) for each in batches.rest()] == [[11]]
    assert list(batches.rest()) == []


def test_each_topic_has_batches_of_its_own():
    batches = PublishBatches(1000)
    for index in range(4):
        assert list(batches.put(prepared(index, topic=f"arn:{index % 2}"))) == []

    assert [indexes(each) for each in batches.rest()] == [[0, 2], [1, 3]]


prepared_messages = st.lists(
    st.tuples(st.sampled_from([STANDARD, FIFO, "arn:b.fifo"]), st.sampled_from("abc"), st.integers(1, 100))
)


@given(prepared_messages)
def test_all_go_once_within_limits_and_each_group_in_its_order(drawn):
    batches = PublishBatches(100)
    given_ = [
        prepared(i, topic=topic, group=group, size=size) for i, (topic, group, size) in enumerate(drawn)
    ]

    gone = [batch for each in given_ for batch in batches.put(each)] + list(batches.rest())

    assert sorted(indexes(each for batch in gone for each in batch)) == [*range(len(drawn))]
    for batch in gone:
        group_order = [each.lane for each in batch if each.lane]
        assert 1 <= len(batch) <= 10
        assert sum(each.size for each in batch) <= 100
        assert len({each.destination for each in batch}) == 1
        assert len(set(group_order)) == len(group_order)
    for lane in {each.lane for each in given_} - {None}:
        went = [each.index for batch in gone for each in batch if each.lane == lane]
        assert went == sorted(went)


def test_what_failed_and_what_did_not_is_told_by_index():
    results = PublishResults()
    results.sent(prepared(1))
    results.refused(prepared(2), REFUSED)
    results.unwritable(0, ValueError("bad content"))

    with pytest.raises(PublishFailed, match="2 of 3 messages; first order to arn:orders: InvalidP") as caught:
        results.check()

    assert caught.value.failed == [(0, "ValueError", "bad content"), (2, "InvalidParameter", "no")]
    assert caught.value.published == [(1, "m-1")]
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize(
    "told",
    [
        "no such topic",
        "PublishBatch on arn:orders failed: no such topic",
        "PublishBatch on arn:orders failed: no arn:orders",
    ],
)
def test_where_it_did_not_go_is_told_once(told):
    results = PublishResults()
    results.refused(prepared(0), EntryFailure("NotFound", told, retriable=False))

    with pytest.raises(PublishFailed) as caught:
        results.check()

    assert str(caught.value).count("arn:orders") == 1
    assert str(caught.value).startswith("not published: order")
    assert caught.value.failed == [(0, "NotFound", told)]


def test_behind_one_that_failed_its_group_stops_and_no_other():
    results = PublishResults()
    results.refused(prepared(0, topic=FIFO, group="a"), REFUSED)

    assert results.stands_behind(prepared(1, topic=FIFO, group="a"))
    assert not results.stands_behind(prepared(2, topic=FIFO, group="b"))
    assert not results.stands_behind(prepared(3, topic="arn:b.fifo", group="a"))
    assert [(index, code) for index, code, _ in results.failed] == [
        (0, "InvalidParameter"),
        (1, "OutOfOrder"),
    ]


def test_on_a_standard_topic_a_group_never_stops():
    results = PublishResults()
    results.refused(prepared(0, group="a"), REFUSED)

    assert not results.stands_behind(prepared(1, group="a"))


def test_where_nothing_failed_there_is_nothing_to_raise():
    results = PublishResults()
    results.sent(prepared(0))

    results.check()
