"""Plain values, and fields of a schema, as filter policies see them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from marshmallow import fields

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.wire.attributes import checked_attributes, field_attribute
from pubsub_tasks.wire.records import Attribute, text


@pytest.mark.parametrize(
    ("loaded", "dumped", "attribute"),
    [
        ("gold", "gold", text("gold")),
        (Decimal("9.90"), "9.90", Attribute("Number", "9.90")),
        (3, 3, Attribute("Number", "3")),
        (True, True, text("true")),
        (["a", "b"], ["a", "b"], Attribute("String.Array", '["a", "b"]')),
        (UUID(int=1), str(UUID(int=1)), text(str(UUID(int=1)))),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00", text("2026-01-01T00:00:00+00:00")),
        ({"a": 1}, {"a": 1}, text('{"a": 1}')),
    ],
)
def test_a_field_becomes_the_attribute_type_that_filter_policies_match(loaded, dumped, attribute):
    assert field_attribute(loaded, dumped) == attribute


class Told(PubSubMessageSchema):
    MEDIA_TYPE = "order"
    ATTRIBUTES = ("total", "tier")

    total = fields.Decimal(required=True, as_string=True, data_key="Total")
    tier = fields.String(load_default="silver")
    note = fields.String()


def test_a_schema_names_the_fields_that_become_attributes():
    written = Codec(Told).write({"total": "9.90", "note": "x"}, {})

    # `tier` is what receivers will load; a field that they do not receive has no attribute
    assert written.attributes == {"total": Attribute("Number", "9.90"), "tier": text("silver")}


def test_a_missing_value_has_no_attribute():
    class Bare(Told):
        tier = fields.String(allow_none=True)

    assert Codec(Bare).write({"total": 1, "tier": None}, {}).attributes == {"total": Attribute("Number", "1")}


def test_a_name_that_is_not_a_field_is_refused_at_declaration():
    class Wrong(Told):
        ATTRIBUTES = ("colour",)

    with pytest.raises(ConfigurationError, match="Wrong names 'colour' in ATTRIBUTES"):
        Codec(Wrong)


class Tier(Enum):
    GOLD = 1


class Rank(int, Enum):
    FIRST = 1


@pytest.mark.parametrize(
    ("loaded", "dumped"),
    [
        ("", ""),
        ("a\x00b", "a\x00b"),
        ("\ud800", "\ud800"),
        (float("nan"), float("nan")),
        (Decimal("Infinity"), "Infinity"),
        (10**38, 10**38),
        ([["nested"]], [["nested"]]),
        ([{"a": 1}], [{"a": 1}]),
        (["\ud800"], ["\ud800"]),
        ([float("nan")], [float("nan")]),
        ({"a": object()}, {"a": object()}),
        (object(), b"bytes"),
    ],
)
def test_a_value_that_no_attribute_can_carry_is_left_out(loaded, dumped):
    assert field_attribute(loaded, dumped) is None


def test_an_enum_becomes_the_text_in_the_body():
    assert field_attribute(Tier.GOLD, "GOLD") == text("GOLD")
    assert field_attribute(Rank.FIRST, "FIRST") == text("FIRST")


@pytest.mark.parametrize("tier", ["", "a\x01b", "\ud800"])
def test_content_is_written_without_an_attribute_that_cannot_carry_it(tier):
    written = Codec(Told).write({"total": 1, "tier": tier}, {})

    assert written.attributes == {"total": Attribute("Number", "1")}
    assert Codec(Told).load(json.loads(written.body))["tier"] == tier


def test_a_reserved_attribute_name_is_refused():
    class Wrong(Told):
        ATTRIBUTES = ("content_type",)
        content_type = fields.String()

    with pytest.raises(ConfigurationError, match="content_type"):
        Codec(Wrong)


@pytest.mark.parametrize("value", ["", "a\x00", "\ud800"])
def test_a_callers_invalid_attribute_is_refused_by_name(value):
    with pytest.raises(ConfigurationError, match="attribute tier="):
        checked_attributes({"tier": value})
