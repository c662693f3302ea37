"""Strategies from schemas: whatever they make can be published, and is what a handler receives."""

import enum
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields, post_load, validate, validates_schema
from marshmallow.exceptions import ValidationError

from pubsub_tasks import ConfigurationError, PubSubMessageSchema, Tasks, task
from pubsub_tasks.content.codec import Codec
from pubsub_tasks.testing import app
from pubsub_tasks.testing.strategies import from_schema
from tests.testing.shop import OrderPlaced


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Line(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.line"
    article = fields.String(required=True, validate=validate.Regexp(r"^[a-z]{1,3}\Z"))


class Everything(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.everything"
    boolean = fields.Boolean(required=True)
    colour = fields.Enum(Colour, required=True)
    constant = fields.Constant(7)
    date = fields.Date(required=True)
    when = fields.DateTime(required=True)
    aware = fields.AwareDateTime(required=True, default_timezone=UTC)
    time = fields.Time(required=True)
    duration = fields.TimeDelta(required=True)
    decimal = fields.Decimal(places=3, as_string=True, required=True)
    mapping = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    anything = fields.Raw(required=True, allow_none=True)
    email = fields.Email(required=True)
    number = fields.Float(required=True)
    small = fields.Integer(required=True, validate=validate.Range(min=3, max=9))
    address = fields.IP(required=True)
    texts = fields.List(fields.String(validate=validate.Length(max=2)), validate=validate.Length(min=1))
    lines = fields.List(fields.Nested(Line), required=True)
    first = fields.Nested(Line, required=True)
    choice = fields.String(required=True, validate=validate.OneOf(["a", "b"]))
    pair = fields.Tuple((fields.Integer(), fields.String()), required=True)
    url = fields.URL(required=True)
    upload = fields.URL(required=True, schemes={"sftp"})
    home = fields.String(required=True, validate=validate.URL())
    contact = fields.String(required=True, validate=validate.Email())
    network = fields.IPInterface(required=True)
    network_4 = fields.IPv4Interface(required=True)
    network_6 = fields.IPv6Interface(required=True)
    levels = fields.List(fields.Integer(), required=True, validate=validate.ContainsOnly([1, 2]))
    renamed = fields.Integer(required=True, attribute="number_of_it")
    id = fields.UUID(required=True)
    code = fields.String(required=True, data_key="Code", validate=validate.Length(equal=4))
    shown = fields.String(dump_only=True)


@given(from_schema(Everything))
@settings(max_examples=15)
def test_content_of_every_type_can_be_published(content: dict[str, Any]) -> None:
    codec = Codec(Everything)

    assert codec.load(codec.dump(content)) == content


@given(from_schema(OrderPlaced))
@settings(max_examples=20)
def test_a_handler_receives_what_was_made(content: dict[str, Any]) -> None:
    tasks, received = Tasks(), []

    @task(OrderPlaced, tasks=tasks)
    def keep(**content: Any) -> None:
        received.append(content)

    with app(tasks) as pubsub:
        keep.publish(**content)
        pubsub.run()

    assert received == [content]


def test_optional_fields_are_left_out_at_times() -> None:
    class Note(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.shop.pubsub._.created.note"
        text = fields.String(validate=validate.Length(min=1, max=3))

    made: list[bool] = []

    @given(from_schema(Note))
    def collect(content: dict[str, Any]) -> None:
        made.append("text" in content)

    collect()

    assert set(made) == {True, False}


def test_rules_of_the_whole_are_kept_and_objects_taken_apart() -> None:
    class Range:
        def __init__(self, low: int, high: int) -> None:
            self.low, self.high = low, high

    class RangeSet(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.shop.pubsub._.created.range"
        low = fields.Integer(required=True)
        high = fields.Integer(required=True)

        @validates_schema
        def check(self, content: dict[str, Any], **options: Any) -> None:
            if content["low"] > content["high"]:
                raise ValidationError("the wrong way round")

        @post_load
        def make(self, content: dict[str, Any], **options: Any) -> Range:
            return Range(**content)

    @given(from_schema(RangeSet))
    def holds(content: dict[str, int]) -> None:
        assert content["low"] <= content["high"]

    holds()


def test_a_field_may_be_given_a_strategy() -> None:
    class Own(fields.Field):
        """A type of the user's own."""

    class Kept(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.shop.pubsub._.created.kept"
        address = Own(required=True)

    with pytest.raises(ConfigurationError, match=r"'address', a Own: give one, as in"):
        from_schema(Kept)

    @given(from_schema(Kept, address=st.just("x")))
    def holds(content: dict[str, Any]) -> None:
        assert content == {"address": "x"}

    holds()
    with pytest.raises(ConfigurationError, match="Kept has no field adress"):
        from_schema(Kept, adress=st.just("x"))
