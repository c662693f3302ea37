"""Typed schemas: what checkers read is what is declared."""

import pytest
from marshmallow import fields, validate

from pubsub_tasks import (
    ConfigurationError,
    InvalidContent,
    Tasks,
    TypedMessageSchema,
    optional,
    required,
    task,
)
from pubsub_tasks.content.codec import Codec
from pubsub_tasks.testing import app, message


class Placed(TypedMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.placed"
    order_id: int | str = required(fields.Integer(validate=validate.Range(min=1)))
    note: str = optional(fields.String(load_default="none"))


class GiftPlaced(Placed):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.gift"
    recipient: str = required(fields.String())


def test_required_and_optional_declare_fields_of_marshmallow() -> None:
    codec = Codec(GiftPlaced)

    assert codec.required == {"order_id", "recipient"}
    assert codec.load({"order_id": "7", "recipient": "Ada"}) == {
        "order_id": 7,
        "recipient": "Ada",
        "note": "none",
    }
    with pytest.raises(InvalidContent, match="order_id"):
        codec.check({"recipient": "Ada"})


def test_a_typed_task_publishes_like_any_other() -> None:
    tasks, seen = Tasks(), []

    @task(Placed, tasks=tasks)
    def keep(order_id: int, note: str) -> None:
        seen.append((order_id, note))

    with app(tasks) as pubsub:
        keep.publish(order_id="7")
        tasks.publish(Placed, order_id=8, note="x")
        assert pubsub.published == [message(keep, order_id=7), message(Placed, note="x")]
        pubsub.run()

    assert seen == [(7, "none"), (8, "x")]


def test_a_field_that_says_the_contrary_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"has a load_default: use optional\(\.\.\.\) for it"):
        required(fields.String(load_default="x"))
    with pytest.raises(ConfigurationError, match=r"has required=True: use required\(\.\.\.\) for it"):
        optional(fields.String(required=True))


def test_a_field_without_an_annotation_is_refused() -> None:
    class Bare(Placed):
        total = fields.Integer()

    with pytest.raises(ConfigurationError, match="Bare does not annotate total: write what"):
        Codec(Bare)
