"""PyHamcrest matchers, as users of microcosm-pubsub know them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hamcrest import all_of, assert_that, greater_than, is_not
from microcosm.api import create_object_graph

from pubsub_tasks import Tasks, created
from pubsub_tasks.testing import PubSub, app, message
from pubsub_tasks.testing.matchers import (
    has_content,
    has_media_type,
    has_uri,
    published,
    published_inanyorder,
    published_nothing,
)
from tests.testing.shop import ORDER, OrderPlaced, Shop

FOO, BAR = created("foo"), created("bar")


@pytest.fixture
def pubsub() -> Iterator[PubSub]:
    graph = create_object_graph("example", testing=True)
    graph.assign("sqs_message_handler_registry", Tasks())
    with app(graph) as pubsub:
        yield pubsub


@pytest.mark.parametrize("of", ["kit", "list", "producer"])
def test_messages_about_resources_are_matched(pubsub: PubSub, of: str) -> None:
    subject = {"kit": pubsub, "list": pubsub.published, "producer": pubsub.graph.sns_producer}[of]
    assert_that(subject, published_nothing())

    pubsub.graph.sns_producer.produce(FOO, uri="http://localhost/foo")
    pubsub.graph.sns_producer.produce(BAR, uri="http://localhost/bar")

    foo = all_of(has_media_type(FOO), has_uri())
    bar = all_of(has_media_type(BAR), has_uri("http://localhost/bar"))
    assert_that(subject, published(foo, bar))
    assert_that(subject, published_inanyorder(bar, foo))
    assert_that(subject, is_not(published(bar, foo)))
    assert_that(subject, is_not(published(foo)))
    assert_that(subject, is_not(published_inanyorder(foo)))
    assert_that(subject, is_not(published_nothing()))
    assert_that(subject, published(has_media_type(), has_uri()))


def test_schemas_content_and_expectations_are_matched() -> None:
    shop = Shop()
    with app(shop.tasks) as pubsub:
        shop.pay.publish(order_id=7, total="9.99")

        assert_that(pubsub, published(OrderPlaced))
        assert_that(pubsub, published(message(OrderPlaced, order_id=7)))
        assert_that(pubsub, published(has_content(order_id=7, total=greater_than(Decimal(9)))))
        assert_that(pubsub, is_not(published(has_content(order_id=8))))


@pytest.mark.parametrize(
    ("matcher", "said"),
    [
        (published(has_media_type(FOO)), ["Expected: published in order", FOO, "OrderPlaced(order_id=7"]),
        (published_inanyorder(OrderPlaced, OrderPlaced), ["; published: [OrderPlaced(order_id=7"]),
        (published_nothing(), ["Expected: published nothing", "OrderPlaced(order_id=7"]),
        (published(has_content(order_id=8)), ["a message with a content matching", "<8>"]),
    ],
)
def test_a_mismatch_shows_what_was_published(matcher: Any, said: list[str]) -> None:
    shop = Shop()
    with app(shop.tasks) as pubsub:
        shop.pay.publish(order_id=7, total="9.99")

        with pytest.raises(AssertionError) as raised:
            assert_that(pubsub, matcher)

    assert [text for text in said if text not in str(raised.value)] == []


def test_a_producer_that_is_not_under_test_is_no_match() -> None:
    producer = create_object_graph("example", testing=True).sns_producer

    with pytest.raises(AssertionError, match="which is no app under test"):
        assert_that(producer, published(has_media_type(ORDER)))
