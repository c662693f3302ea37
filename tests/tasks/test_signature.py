"""Which field goes where, and what is refused when it is declared."""

from typing import Optional

import pytest

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.tasks.signature import TaskSignature
from tests.samples import OrderPlaced, delivery

CODEC = Codec(OrderPlaced)
Received = Delivery
CONTENT = {"order_id": "o-1", "total": 3, "currency": "EUR"}
DELIVERY = delivery()


def bind(function, content=CONTENT):
    return TaskSignature.of(function, CODEC).bind(content, DELIVERY)


def test_parameters_are_fields_by_name():
    def handler(total, *, order_id): ...

    assert bind(handler) == {"total": 3, "order_id": "o-1"}


def test_a_task_may_take_fewer_fields_than_its_schema_has():
    def handler(order_id): ...

    assert bind(handler) == {"order_id": "o-1"}


def test_an_annotation_in_text_is_evaluated_though_another_cannot_be():
    def handler(order_id: "NoSuchType", received: "Received", again: Optional["Received"]): ...  # noqa: F821

    assert bind(handler) == {"order_id": "o-1", "received": DELIVERY, "again": DELIVERY}


def test_the_rest_goes_to_keyword_arguments():
    def handler(order_id, **rest): ...

    assert bind(handler) == CONTENT


def test_a_default_stands_in_for_a_field_that_the_message_lacks():
    def handler(order_id, note="none"): ...

    assert bind(handler) == {"order_id": "o-1"}
    assert bind(handler, {**CONTENT, "note": "ring twice"})["note"] == "ring twice"


def test_a_field_with_a_load_default_needs_no_default_of_its_own():
    def handler(currency): ...

    assert bind(handler) == {"currency": "EUR"}


def by_annotation(order_id, d: Delivery): ...
def by_quoted_annotation(order_id, d: "Delivery"): ...
def by_optional_annotation(order_id, d: Delivery | None = None): ...
def by_unknown_neighbour(order_id: "Unknowable", d: "pubsub_tasks.Delivery | None"): ...  # noqa: F821


@pytest.mark.parametrize(
    "handler", [by_annotation, by_quoted_annotation, by_optional_annotation, by_unknown_neighbour]
)
def test_what_is_annotated_with_it_receives_the_delivery(handler):
    assert bind(handler) == {"order_id": "o-1", "d": DELIVERY}


def test_a_parameter_that_is_no_field_is_refused_with_all_names():
    def handler(order_id, totl=0): ...

    with pytest.raises(ConfigurationError) as refusal:
        bind(handler)

    for name in ("handler", "'totl'", "OrderPlaced", "currency, note, order_id, total"):
        assert name in str(refusal.value)


def test_a_delivery_without_its_annotation_is_told_how_to_be_written():
    def handler(order_id, delivery): ...

    with pytest.raises(ConfigurationError, match="for the delivery write delivery: Delivery"):
        bind(handler)


def test_a_field_that_messages_may_lack_needs_a_default():
    def handler(order_id, note): ...

    with pytest.raises(ConfigurationError, match="'note' without a default"):
        bind(handler)


def positional(order_id, /): ...
def variadic(*order_ids): ...


@pytest.mark.parametrize("handler", [positional, variadic])
def test_what_cannot_be_given_by_name_is_refused(handler):
    with pytest.raises(ConfigurationError, match="given by name"):
        bind(handler)
