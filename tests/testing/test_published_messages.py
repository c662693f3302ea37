"""What was published is compared and searched, and a failure shows all of it."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import fields, post_load

from pubsub_tasks import PubSubMessageSchema, Tasks, task
from pubsub_tasks.testing import PublishedMessages, app, message
from tests.testing.shop import OrderPlaced, ReceiptSent, Shop


@pytest.fixture(scope="module")
def published() -> PublishedMessages:
    shop = Shop()
    with app(shop.tasks) as pubsub:
        shop.pay.options(headers={"tenant": "t-1"}).publish(order_id=7, total="9.99")
        shop.pay.publish(order_id=8, total=Decimal("1.50"))
        shop.send_receipt.publish(order_id=7)
        return pubsub.published


ALL = """
  1. OrderPlaced(order_id=7, total=Decimal('9.99'))
  2. OrderPlaced(order_id=8, total=Decimal('1.50'))
  3. ReceiptSent(order_id=7)"""


def test_it_is_a_list(published: PublishedMessages) -> None:
    assert len(published) == 3
    assert [each.media_type.rpartition(".")[2] for each in published] == ["order", "order", "receipt"]
    assert published[0].content == {"order_id": 7, "total": Decimal("9.99")}
    assert published[2].fields == {"orderId": 7}
    assert published[0].headers["tenant"] == "t-1"
    assert published[0].id
    assert published[0].destination.startswith("arn:aws:sns:")


@pytest.mark.parametrize(
    ("what", "content", "count"),
    [
        (None, {}, 3),
        (None, {"order_id": 7}, 2),
        (OrderPlaced, {}, 2),
        (OrderPlaced, {"order_id": 7}, 1),
        (OrderPlaced, {"order_id": "7"}, 1),
        (OrderPlaced, {"total": "9.99"}, 1),
        (OrderPlaced, {"total": Decimal("9.99"), "order_id": 7}, 1),
        (OrderPlaced, {"total": 9.99}, 1),
        (OrderPlaced, {"total": object()}, 0),
        (OrderPlaced, {"order_id": 7, "total": "1.50"}, 0),
        (ReceiptSent, {"order_id": 7}, 1),
        ("application/vnd.shop.pubsub._.created.order", {}, 2),
        ("application/vnd.shop.pubsub._.created.*", {"order_id": 7}, 2),
        ("application/vnd.shop.pubsub._.deleted.order", {}, 0),
    ],
)
def test_it_is_searched_by_schema_media_type_and_content(
    published: PublishedMessages, what: Any, content: dict[str, Any], count: int
) -> None:
    assert len(published(what, **content)) == count


def test_first_only_and_none(published: PublishedMessages) -> None:
    assert published.first(OrderPlaced).content["order_id"] == 7
    assert published.only(OrderPlaced, order_id=8) is published[1]
    published.none(ReceiptSent, order_id=8)


@pytest.mark.parametrize(
    ("search", "content", "said"),
    [
        ("first", {"order_id": 9}, "no OrderPlaced(order_id=9) was published; published:"),
        ("only", {"order_id": 9}, "no OrderPlaced(order_id=9) was published; published:"),
        ("only", {}, "2 messages match OrderPlaced(); published:"),
        ("none", {"order_id": 8}, "expected no OrderPlaced(order_id=8); published:"),
    ],
)
def test_a_search_that_fails_shows_what_was_published(
    published: PublishedMessages, search: str, content: dict[str, Any], said: str
) -> None:
    with pytest.raises(AssertionError) as raised:
        getattr(published, search)(OrderPlaced, **content)

    assert str(raised.value) == said + ALL


def test_a_search_without_a_result_shows_what_there_was(published: PublishedMessages) -> None:
    assert repr(published[1:]) == "[OrderPlaced(order_id=8, total=Decimal('1.50')), ReceiptSent(order_id=7)]"
    assert repr(published(ReceiptSent, order_id=8)) == (
        "<no ReceiptSent(order_id=8) among [OrderPlaced(order_id=7, total=Decimal('9.99')), "
        "OrderPlaced(order_id=8, total=Decimal('1.50')), ReceiptSent(order_id=7)]>"
    )
    assert repr(PublishedMessages()) == "[]"


def test_a_misspelt_name_never_passes_for_an_absence(published: PublishedMessages) -> None:
    with pytest.raises(TypeError, match=r"OrderPlaced has no field ordr_id \(fields: order_id, total\)"):
        published.none(OrderPlaced, ordr_id=7)


def test_it_is_compared_in_order_and_in_any_order(published: PublishedMessages) -> None:
    seven, eight = message(OrderPlaced, order_id=7), message(OrderPlaced, order_id=8)
    assert published == [seven, eight, message(ReceiptSent)]
    assert published != [eight, seven, message(ReceiptSent)]
    assert published[:1] == [seven]
    published.in_order(OrderPlaced, eight, ReceiptSent)
    # an expectation that matches several leaves to the others what only they need
    published.in_any_order(OrderPlaced, ReceiptSent, seven)
    published.in_any_order(ReceiptSent, seven, eight)


@pytest.mark.parametrize(("how", "said"), [("in_order", "in this order"), ("in_any_order", "in any order")])
@pytest.mark.parametrize(
    "expected", [(), (OrderPlaced, ReceiptSent), (ReceiptSent, ReceiptSent, OrderPlaced)]
)
def test_a_comparison_that_fails_shows_both_sides(
    published: PublishedMessages, how: str, said: str, expected: tuple[Any, ...]
) -> None:
    with pytest.raises(AssertionError) as raised:
        getattr(published, how)(*expected)

    wanted = "".join(f"\n  {number}. {each.__name__}()" for number, each in enumerate(expected, 1))
    assert str(raised.value) == f"expected, {said}:{wanted or ' nothing'}\npublished:{ALL}"


def test_objects_of_post_load_are_searched_by_their_attributes() -> None:
    class Birthday:
        def __init__(self, day: date) -> None:
            self.day = day

        def __repr__(self) -> str:
            return f"<{self.day}>"

    class Born(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.shop.pubsub._.created.birthday"
        day = fields.Date(required=True)

        @post_load
        def make(self, content: dict[str, Any], **options: Any) -> Birthday:
            return Birthday(**content)

    tasks = Tasks()
    with app(tasks) as pubsub:
        tasks.publish(Born, Birthday(date(2026, 1, 2)))

        assert repr(pubsub.published(Born, day=date(2026, 1, 2))) == f"[{Born.MEDIA_TYPE}(day='2026-01-02')]"
        assert pubsub.published(Born, day="2026-01-02")
        assert not pubsub.published(Born, day=date(2026, 1, 3))

        @task(Born, tasks=tasks)
        def greet(born: Birthday) -> None: ...

        greet.publish(Birthday(date(2026, 1, 2)))
        assert repr(pubsub.published[-1]) == "Born(<2026-01-02>)"
        assert len(pubsub.published(greet, day="2026-01-02")) == 2


def test_what_is_published_for_celery_is_searched_as_other_messages_are() -> None:
    tasks = Tasks()

    @task(ReceiptSent, tasks=tasks, celery="shop.file_receipt")
    def file_receipt(order_id: int) -> None:
        """Never called."""

    with app(tasks) as pubsub:
        file_receipt.options(celery=True).publish(order_id=7)

        assert pubsub.published == [message(ReceiptSent, order_id=7)]
        assert pubsub.published.only(file_receipt).content == {"order_id": 7}
        assert len(pubsub.run().handled) == 1


def test_a_field_may_have_the_name_of_a_parameter_of_publish() -> None:
    class Linked(PubSubMessageSchema):
        MEDIA_TYPE = "linked"
        self = fields.String(required=True)
        schema = fields.String(required=True)

    tasks, content = Tasks(), {"self": "/orders/7", "schema": "v1"}
    publishable = tasks.publishable(Linked)

    with app(tasks) as pubsub:
        publishable.publish(**content)
        tasks.publish(Linked, **content)
        with publishable.batch() as batch:
            batch.publish(**content)
        asyncio.run(publishable.apublish(**content))

        assert [each.content for each in pubsub.published] == [content] * 4


def test_group_and_delay_are_shown_where_there_are_some() -> None:
    shop = Shop()
    with app(shop.tasks) as pubsub:
        shop.pay.options(group_id="g", delay=60).publish(order_id=7, total="1")

        shown = repr(pubsub.published[0])

    assert shown == "OrderPlaced(order_id=7, total=Decimal('1')) [group 'g'] [delayed 60 s]"
