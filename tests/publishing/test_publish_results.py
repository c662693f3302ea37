"""The results of messages that are published together, and the error made of them."""

import pytest

from pubsub_tasks.errors import PublishFailed
from pubsub_tasks.publishing.prepared_message import PreparedMessage
from pubsub_tasks.publishing.publish_results import PublishResults
from pubsub_tasks.wire.records import EntryFailure, Outgoing

STANDARD, FIFO = "arn:orders", "arn:orders.fifo"
REJECTED = EntryFailure("InvalidParameter", "no", retriable=False)


def prepared(index, *, topic=STANDARD, group=None):
    return PreparedMessage("order", f"m-{index}", topic, Outgoing("x", group_id=group), 10, index)


def test_the_error_lists_failed_and_published_messages_by_index():
    results = PublishResults()
    results.add_published(prepared(1))
    results.add_failed(prepared(2), REJECTED)
    results.add_invalid(0, ValueError("bad content"))

    with pytest.raises(PublishFailed, match="2 of 3 messages; first order to arn:orders: InvalidP") as caught:
        results.raise_for_failures()

    assert caught.value.failed == [(0, "ValueError", "bad content"), (2, "InvalidParameter", "no")]
    assert caught.value.published == [(1, "m-1")]
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize(
    "text",
    [
        "no such topic",
        "PublishBatch on arn:orders failed: no such topic",
        "PublishBatch on arn:orders failed: no arn:orders",
    ],
)
def test_the_error_mentions_the_destination_once(text):
    results = PublishResults()
    results.add_failed(prepared(0), EntryFailure("NotFound", text, retriable=False))

    with pytest.raises(PublishFailed) as caught:
        results.raise_for_failures()

    assert str(caught.value).count("arn:orders") == 1
    assert str(caught.value).startswith("not published: order")
    assert caught.value.failed == [(0, "NotFound", text)]


def test_a_failed_message_blocks_the_rest_of_its_group_and_no_other():
    results = PublishResults()
    results.add_failed(prepared(0, topic=FIFO, group="a"), REJECTED)

    assert results.fail_if_blocked(prepared(1, topic=FIFO, group="a"))
    assert not results.fail_if_blocked(prepared(2, topic=FIFO, group="b"))
    assert not results.fail_if_blocked(prepared(3, topic="arn:b.fifo", group="a"))
    assert [(index, code) for index, code, _ in results.failed] == [
        (0, "InvalidParameter"),
        (1, "OutOfOrder"),
    ]


def test_a_failed_message_blocks_nothing_on_a_standard_topic():
    results = PublishResults()
    results.add_failed(prepared(0, group="a"), REJECTED)

    assert not results.fail_if_blocked(prepared(1, group="a"))


def test_nothing_is_raised_if_nothing_failed():
    results = PublishResults()
    results.add_published(prepared(0))

    results.raise_for_failures()
