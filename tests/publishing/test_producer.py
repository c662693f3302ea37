"""From content to a message on a queue, as its consumers find it."""

from decimal import Decimal
from traceback import format_exception
from uuid import RFC_4122, UUID

import pytest

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.errors import (
    ConfigurationError,
    InvalidContent,
    MessageTooLarge,
    PublishFailed,
    TooManyAttributes,
    TopicNotDefinedError,
    UnknownMediaType,
)
from pubsub_tasks.messages.headers import begin_handling, end_handling, headers
from pubsub_tasks.messages.publish_options import PublishOptions, by
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.events import NotPublished, Published
from pubsub_tasks.wire.records import Attribute, EntryFailure, text
from tests.samples import ORDER, OrderPlaced, noise

CODEC = Codec(OrderPlaced)


CONTENT = {"order_id": "o-1", "total": Decimal("9.99")}


def test_what_is_published_arrives_with_its_id_its_headers_and_its_media_type(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    message_id = producer.publish(CODEC, CONTENT)

    (delivery,) = shop.arrived("orders")
    assert delivery.defect is None
    assert delivery.id == message_id
    assert delivery.media_type == ORDER
    assert CODEC.load(delivery.fields) == {**CONTENT, "currency": "EUR"}
    assert delivery.headers["x-request-ttl"] == "32"
    assert float(delivery.headers["x-request-published"]) == shop.clock()
    assert delivery.attributes == {"media_type": text(ORDER)}


def test_without_raw_delivery_the_same_message_arrives(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders", raw=False)})

    message_id = producer.publish(CODEC, CONTENT)

    (delivery,) = shop.arrived("orders")
    assert (delivery.id, delivery.attributes) == (message_id, {"media_type": text(ORDER)})


def test_each_message_has_an_id_of_its_own(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    ids = {producer.publish(CODEC, CONTENT) for _ in range(3)}

    assert {delivery.id for delivery in shop.arrived("orders")} == ids
    assert len(ids) == 3


def test_the_ids_of_a_message_and_its_request_are_random_uuids(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})
    for _ in range(20):
        producer.publish(CODEC, CONTENT)

    for delivery in shop.arrived("orders"):
        for written in (delivery.id, delivery.headers["x-request-id"]):
            parsed = UUID(written)
            assert (parsed.version, parsed.variant, str(parsed)) == (4, RFC_4122, written)


def test_a_media_type_alone_is_enough_and_content_comes_by_mapping_and_by_name(shop):
    shop.tasks.schemas.register(OrderPlaced)
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    message_id = producer.produce(ORDER, {"order_id": "o-1", "total": "1"}, total="2")

    (delivery,) = shop.arrived("orders")
    assert delivery.id == message_id
    assert delivery.fields["total"] == "2"


def test_an_undeclared_media_type_is_named_in_the_error(shop):
    with pytest.raises(UnknownMediaType, match=r"application/vnd\.shop\.mystery"):
        shop.producer().produce("application/vnd.shop.mystery", {})


@pytest.mark.parametrize(
    ("content", "wrong"),
    [({"order_id": "o-1"}, "total"), ({**CONTENT, "colour": "red"}, "colour"), ({"total": "many"}, "total")],
)
def test_invalid_content_is_never_sent(shop, content, wrong):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    with pytest.raises(InvalidContent) as caught:
        producer.publish(CODEC, content)

    assert wrong in caught.value.messages
    assert shop.wire.calls == []


def test_without_a_topic_nothing_is_sent(shop):
    with pytest.raises(TopicNotDefinedError, match=ORDER):
        shop.producer().publish(CODEC, CONTENT)


def test_attributes_and_headers_of_the_options_are_added_to_the_default_ones(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    producer.publish(
        CODEC, CONTENT, PublishOptions.of(attributes={"tier": "gold"}, headers={"tenant": "t-1"})
    )

    (delivery,) = shop.arrived("orders")
    assert delivery.attributes == {"tier": text("gold"), "media_type": text(ORDER)}
    assert delivery.headers["tenant"] == "t-1"


def test_more_than_ten_attributes_are_rejected_before_sending(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})
    most = {f"name-{number}": "x" for number in range(9)}

    producer.publish(CODEC, CONTENT, PublishOptions.of(attributes=most))
    with pytest.raises(TooManyAttributes, match="11 attributes"):
        producer.publish(CODEC, CONTENT, PublishOptions.of(attributes={**most, "a": "b"}))

    assert len(shop.arrived("orders")) == 1


def test_an_expiry_is_sent_as_a_time(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    producer.publish(CODEC, CONTENT, PublishOptions.of(expires=60))

    (delivery,) = shop.arrived("orders")
    assert float(delivery.headers["x-expires"]) == shop.clock() + 60


def test_a_handlers_publish_continues_the_request_one_hop_further(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})
    inbound = {"x-request-id": "r-1", "x-request-ttl": "7", "x-message-id": "m-0", "tenant": "t-1"}

    token = begin_handling(inbound)
    message_id = producer.publish(CODEC, CONTENT)
    end_handling(token)

    (delivery,) = shop.arrived("orders")
    told = {name: delivery.headers[name] for name in inbound}
    assert told == {**inbound, "x-request-ttl": "6", "x-message-id": message_id}


def test_headers_of_a_block_travel_and_an_option_wins_over_them(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    with headers(tenant="t-1", region="north"):
        producer.publish(CODEC, CONTENT, PublishOptions.of(headers={"region": "south"}))

    (delivery,) = shop.arrived("orders")
    assert (delivery.headers["tenant"], delivery.headers["region"]) == ("t-1", "south")


def test_a_message_over_the_limit_is_rejected_with_both_sizes(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    with pytest.raises(MessageTooLarge, match="262,144") as caught:
        producer.publish(CODEC, {**CONTENT, "note": noise(400_000)})

    assert caught.value.size > caught.value.limit == 262_144
    assert shop.wire.calls == []


def test_a_rejected_entry_raises_with_its_code(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})
    shop.wire.failing = lambda call, entry: EntryFailure("InvalidParameter", "no", retriable=False)

    with pytest.raises(PublishFailed, match="InvalidParameter no") as caught:
        producer.publish(CODEC, CONTENT)

    assert caught.value.failed == [(0, "InvalidParameter", "no")]
    assert caught.value.published == []
    assert caught.value.code == "InvalidParameter"
    (event,) = shop.events
    assert (type(event), event.media_type, event.code) == (NotPublished, ORDER, "InvalidParameter")


def test_invalid_content_without_a_topic_is_reported_alone(shop):
    with pytest.raises(InvalidContent) as raised:
        shop.producer().publish(CODEC, {"order_id": "o-1"})

    told = "".join(format_exception(raised.value))
    assert "InvalidContent" in told
    assert "TopicNotDefinedError" not in told


def test_a_missing_topic_raises_with_its_code(shop):
    with pytest.raises(PublishFailed) as caught:
        shop.producer(**{ORDER: shop.topic("orders") + "-gone"}).publish(CODEC, CONTENT)

    assert caught.value.code == "NotFound"


def test_observers_are_notified_and_one_that_fails_changes_nothing(shop, caplog):
    def broken(event):
        raise RuntimeError("a bug in an observer")

    arn = shop.topic("orders")
    producer = shop.bind(Topics({ORDER: arn}), observers=[broken, shop.events.append])

    message_id = producer.publish(CODEC, CONTENT)

    (event,) = shop.events
    assert event == Published(ORDER, message_id, arn, 0.0, event.size)
    assert event.size > 300
    assert "a bug in an observer" in caplog.text


def test_middleware_wraps_the_publish_the_first_outermost(shop):
    told = []

    def around(name):
        def middleware(call_next, publication):
            told.append(f"{name} in")
            result = call_next(publication)
            told.append(f"{name} out")
            return result

        return middleware

    producer = shop.bind(Topics({ORDER: shop.topic("orders")}), middleware=[around("a"), around("b")])

    message_id = producer.publish(CODEC, CONTENT)

    assert told == ["a in", "b in", "b out", "a out"]
    assert [delivery.id for delivery in shop.arrived("orders")] == [message_id]


def test_a_coroutine_cannot_wrap_a_publish(shop):
    async def middleware(call_next, publication): ...

    with pytest.raises(ConfigurationError, match="use `def`"):
        shop.bind(Topics(), middleware=[middleware])


def test_a_fifo_topic_needs_a_group_and_gets_a_deduplication_id_for_each_message(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders.fifo")})

    with pytest.raises(ConfigurationError, match="without a message group"):
        producer.publish(CODEC, CONTENT)
    first = producer.publish(CODEC, CONTENT, PublishOptions.of(group_id="customer-7"))
    second = producer.publish(
        CODEC, CONTENT, PublishOptions.of(group_id="customer-7", deduplication_id="mine")
    )

    one, two = shop.records("orders.fifo")
    assert (one.group_id, one.deduplication_id) == ("customer-7", first)
    assert (two.group_id, two.deduplication_id) == ("customer-7", "mine")
    assert first != second


def test_a_standard_topic_passes_the_group_on_for_fair_queues(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    producer.publish(CODEC, CONTENT, PublishOptions.of(group_id="customer-7"))

    (record,) = shop.records("orders")
    assert (record.group_id, record.deduplication_id) == ("customer-7", None)


def test_number_and_binary_attributes_keep_their_type(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    producer.publish(CODEC, CONTENT, PublishOptions.of(attributes={"weight": 2.5, "digest": b"\x00\xff"}))

    (record,) = shop.records("orders")
    assert record.attributes["weight"] == Attribute("Number", "2.5")
    assert record.attributes["digest"] == Attribute("Binary", b"\x00\xff")


def test_a_group_by_a_field_and_fields_for_filters_arrive(shop):
    class Shipped(OrderPlaced):
        ATTRIBUTES = ("total",)

    producer = shop.producer(**{ORDER: shop.topic("orders.fifo")})

    producer.publish(
        Codec(Shipped), CONTENT, PublishOptions.of(group_id=by("order_id"), deduplication_id=by("total"))
    )

    (record,) = shop.records("orders.fifo")
    assert (record.group_id, record.deduplication_id) == ("o-1", "9.99")
    assert record.attributes["total"] == Attribute("Number", "9.99")


def test_a_standard_topic_gets_no_deduplication_id(shop):
    producer = shop.producer(**{ORDER: shop.topic("orders")})

    producer.publish(CODEC, CONTENT, PublishOptions.of(deduplication_id=by("order_id")))

    (record,) = shop.records("orders")
    assert record.deduplication_id is None
