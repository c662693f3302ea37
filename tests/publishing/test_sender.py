"""What is sent together, what is retried and how often, and what is not."""

import pytest

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.errors import PublishFailed
from pubsub_tasks.messages.publish_options import PublishOptions, by
from pubsub_tasks.publishing.sender import ATTEMPTS
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.events import Published
from pubsub_tasks.wire.records import EntryFailure
from tests.samples import ORDER, OrderPlaced

CODEC = Codec(OrderPlaced)
BUSY = EntryFailure("InternalError", "sorry", retriable=True)
REJECTED = EntryFailure("InvalidParameter", "no", retriable=False)


def order(order_id, **more):
    return {"order_id": order_id, "total": "1", **more}


def orders(count):
    return [order(f"o-{number}") for number in range(count)]


@pytest.fixture
def producer(shop):
    return shop.bind(Topics({ORDER: shop.topic("orders")}), sleep=shop.slept.append)


@pytest.fixture
def fifo(shop):
    return shop.bind(Topics({ORDER: shop.topic("orders.fifo")}), sleep=shop.slept.append)


def order_id_of(delivery):
    return delivery.fields["order_id"]


def names(entry):
    return [name for name in ("o-0", "o-1", "o-2", "o-3") if f'"{name}"' in entry.body]


def test_many_go_ten_to_a_call_and_their_ids_come_back_in_order(shop, producer):
    ids = producer.publish_many(CODEC, orders(23))

    assert [len(call) for call in shop.wire.calls] == [10, 10, 3]
    arrived = shop.arrived("orders")
    assert [delivery.id for delivery in arrived] == ids
    assert [order_id_of(delivery) for delivery in arrived] == [f"o-{number}" for number in range(23)]
    assert len([event for event in shop.events if isinstance(event, Published)]) == 23


def test_many_are_sent_while_they_are_read(shop, producer):
    def coming():
        for number, content in enumerate(orders(25)):
            assert len(shop.wire.calls) == number // 10
            yield content

    producer.publish_many(CODEC, coming())


def test_a_call_has_no_more_bytes_than_its_topic_accepts(shop, producer):
    contents = [order(f"o-{number}", note="x" * 100_000) for number in range(5)]

    producer.publish_many(CODEC, contents)

    assert [len(call) for call in shop.wire.calls] == [2, 2, 1]
    assert len(shop.records("orders")) == 5


def test_publishing_nothing_makes_no_call(shop, producer):
    assert producer.publish_many(CODEC, []) == []

    assert shop.wire.calls == []


def test_only_the_entry_that_failed_is_sent_again_with_the_same_id(shop, producer):
    shop.wire.failing = lambda call, entry: BUSY if call <= 2 and "o-1" in names(entry) else None

    ids = producer.publish_many(CODEC, orders(3))

    assert [len(call) for call in shop.wire.calls] == [3, 1, 1]
    assert shop.wire.calls[0][1] == shop.wire.calls[1][0] == shop.wire.calls[2][0]
    assert sorted(delivery.id for delivery in shop.arrived("orders")) == sorted(ids)
    assert len(shop.slept) == 2


def test_retries_wait_within_bounds_and_end(shop, producer):
    shop.wire.failing = lambda call, entry: BUSY

    with pytest.raises(PublishFailed) as caught:
        producer.publish(CODEC, order("o-0"))

    assert len(shop.wire.calls) == ATTEMPTS
    assert caught.value.failed == [(0, "InternalError", "sorry")]
    assert all(0 <= wait <= 2 for wait in shop.slept)
    assert len(shop.slept) == ATTEMPTS - 1


def test_an_entry_at_fault_is_not_retried_and_the_others_are_published(shop, producer):
    shop.wire.failing = lambda call, entry: REJECTED if "o-1" in names(entry) else None

    with pytest.raises(PublishFailed, match=r"1 of 3 messages; first .*InvalidParameter no") as caught:
        producer.publish_many(CODEC, orders(3))

    assert len(shop.wire.calls) == 1
    assert caught.value.failed == [(1, "InvalidParameter", "no")]
    arrived = [(delivery.id, order_id_of(delivery)) for delivery in shop.arrived("orders")]
    assert [(index, message_id) for index, message_id in caught.value.published] == [
        (0, arrived[0][0]),
        (2, arrived[1][0]),
    ]


@pytest.mark.parametrize("code", ["KMSThrottling", "KMS.ThrottlingException", "KmsThrottled", "Throttled"])
def test_a_throttled_call_is_retried_since_none_of_its_entries_was_accepted(shop, producer, code):
    throttled = PublishFailed("slow down", code=code)
    shop.wire.failing = lambda call, entry: throttled if call == 1 else None

    producer.publish(CODEC, order("o-0"))

    assert len(shop.records("orders")) == 1
    assert len(shop.slept) == 1


@pytest.mark.parametrize("code", ["NotFound", "AuthorizationError", "ReadTimeoutError"])
def test_a_call_that_boto3_gave_up_is_not_retried(shop, producer, code):
    failed = PublishFailed("it failed", code=code)
    shop.wire.failing = lambda call, entry: failed

    with pytest.raises(PublishFailed, match="it failed") as caught:
        producer.publish(CODEC, order("o-0"))

    assert len(shop.wire.calls) == 1
    assert caught.value.code == code
    assert caught.value.__cause__ is failed


def test_a_failed_call_fails_its_own_ten_messages_and_no_others(shop, producer):
    shop.wire.failing = lambda call, entry: PublishFailed("gone", code="EndpointError") if call == 2 else None

    with pytest.raises(PublishFailed) as caught:
        producer.publish_many(CODEC, orders(25))

    assert [index for index, *_ in caught.value.failed] == [*range(10, 20)]
    assert [index for index, _ in caught.value.published] == [*range(10), *range(20, 25)]


def test_invalid_content_fails_and_the_others_are_published(shop, producer):
    with pytest.raises(PublishFailed, match=r"1 of 3 .*colour") as caught:
        producer.publish_many(CODEC, [order("o-0"), order("o-1", colour="red"), order("o-2")])

    assert [(index, code) for index, code, _ in caught.value.failed] == [(1, "InvalidContent")]
    assert [order_id_of(delivery) for delivery in shop.arrived("orders")] == ["o-0", "o-2"]


def test_nothing_of_a_group_is_published_behind_a_message_that_failed(shop, fifo):
    contents = [order(f"o-{number}", note=note) for number, note in enumerate("abab")]
    shop.wire.failing = lambda call, entry: REJECTED if "o-0" in names(entry) else None

    with pytest.raises(PublishFailed) as caught:
        fifo.publish_many(CODEC, contents, PublishOptions.of(group_id=by("note")))

    assert [(index, code) for index, code, _ in caught.value.failed] == [
        (0, "InvalidParameter"),
        (2, "OutOfOrder"),
    ]
    assert [order_id_of(delivery) for delivery in shop.arrived("orders.fifo")] == ["o-1", "o-3"]


def test_a_group_keeps_its_order_while_a_message_of_it_is_retried(shop, fifo):
    shop.wire.failing = lambda call, entry: BUSY if call <= 2 else None

    fifo.publish_many(CODEC, orders(4), PublishOptions.of(group_id="customer-7"))

    assert [order_id_of(delivery) for delivery in shop.arrived("orders.fifo")] == ["o-0", "o-1", "o-2", "o-3"]


def test_on_a_fifo_topic_invalid_content_ends_the_publish(shop, fifo):
    contents = [order("o-0"), order("o-1", colour="red"), order("o-2")]

    with pytest.raises(PublishFailed) as caught:
        fifo.publish_many(CODEC, contents, PublishOptions.of(group_id="customer-7"))

    assert [index for index, *_ in caught.value.failed] == [1]
    assert [order_id_of(delivery) for delivery in shop.arrived("orders.fifo")] == ["o-0"]


def test_a_block_publishes_many_and_returns_each_id(shop, producer):
    with producer.batch(CODEC) as batch:
        ids = [batch.publish(**content) for content in orders(12)]
        assert [len(call) for call in shop.wire.calls] == [10]

    assert [len(call) for call in shop.wire.calls] == [10, 2]
    assert [delivery.id for delivery in shop.arrived("orders")] == ids


def test_a_block_that_raises_sends_nothing_more(shop, producer):
    def failing():
        with producer.batch(CODEC) as batch:
            for content in orders(12):
                batch.publish(**content)
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        failing()
    assert len(shop.records("orders")) == 10


def test_a_block_reports_failures_at_its_end(shop, producer):
    shop.wire.failing = lambda call, entry: REJECTED if "o-1" in names(entry) else None

    def failing():
        with producer.batch(CODEC) as batch:
            for content in orders(3):
                batch.publish(**content)

    with pytest.raises(PublishFailed) as caught:
        failing()
    assert [index for index, *_ in caught.value.failed] == [1]


def test_middleware_wraps_each_of_many_and_may_withhold_some(shop):
    def only_even(call_next, publication):
        return call_next(publication) if int(publication.content["order_id"][2:]) % 2 == 0 else "kept"

    producer = shop.bind(Topics({ORDER: shop.topic("orders")}), middleware=[only_even])

    ids = producer.publish_many(CODEC, orders(4))

    assert [delivery.id for delivery in shop.arrived("orders")] == ids[::2]
    assert ids[1::2] == ["kept", "kept"]
