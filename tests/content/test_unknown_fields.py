"""Schemas within schemas: names that nobody declares, out and in, at every level."""

from typing import Any

import pytest
from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, fields, pre_dump, pre_load

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.errors import InvalidContent


class Customer(Schema):
    name = fields.String(required=True)
    address = fields.Nested(lambda: Address())
    since = fields.String(dump_only=True)


class Address(Schema):
    street = fields.String(data_key="Street")


class Item(Schema):
    sku = fields.String()
    parts = fields.List(fields.Nested(lambda: Item(exclude=("code",))))
    code = fields.String()


class Order(PubSubMessageSchema):
    MEDIA_TYPE = "order"

    customer = fields.Nested(Customer)
    lines = fields.List(fields.Nested(Item))
    more = fields.Nested(Item, many=True)
    by_sku = fields.Dict(keys=fields.String(), values=fields.Nested(Item))
    pair = fields.Tuple((fields.Integer(), fields.Nested(Item)))
    sku = fields.Pluck(Item, "sku")


WRONG = [
    ({"customer": {"name": "a", "nmae": "b"}}, {"customer": {"nmae": ["Unknown field."]}}),
    (
        {"customer": {"name": "a", "address": {"Street": "b"}}},
        {"customer": {"address": {"Street": ["Unknown field."]}}},
    ),
    ({"lines": [{"sku": "a"}, {"skv": "b"}]}, {"lines": {1: {"skv": ["Unknown field."]}}}),
    (
        {"lines": [{"parts": [{"parts": [{"skv": "b"}]}]}]},
        {"lines": {0: {"parts": {0: {"parts": {0: {"skv": ["Unknown field."]}}}}}}},
    ),
    ({"more": [{"skv": "b"}]}, {"more": {0: {"skv": ["Unknown field."]}}}),
    ({"by_sku": {"a": {"skv": "b"}}}, {"by_sku": {"a": {"value": {"skv": ["Unknown field."]}}}}),
    ({"pair": (1, {"skv": "b"})}, {"pair": {1: {"skv": ["Unknown field."]}}}),
    ({"sku": {"sku": "a", "skv": "b"}}, {"sku": {"skv": ["Unknown field."]}}),
]


@pytest.mark.parametrize(("content", "messages"), WRONG)
def test_a_misspelt_name_is_refused_with_its_path(content: dict[str, Any], messages: dict[str, Any]) -> None:
    with pytest.raises(InvalidContent) as refusal:
        Codec(Order).dump(content)

    assert refusal.value.messages == messages


RIGHT = [
    ({"customer": {"name": "a", "since": "b"}}, {"customer": {"name": "a"}}),
    ({"lines": [{"sku": "a", "parts": [{"sku": "b", "code": "left out"}]}]}, None),
    ({"sku": {"sku": "a", "code": "left out"}}, {"sku": {"sku": "a"}}),
    ({"pair": (1, {"sku": "a"})}, {"pair": (1, {"sku": "a"})}),
]


@pytest.mark.parametrize(("content", "loaded"), RIGHT)
def test_what_is_declared_or_left_out_by_declaration_is_written(
    content: dict[str, Any], loaded: dict[str, Any] | None
) -> None:
    codec = Codec(Order)

    read = codec.load(codec.dump(content))

    assert read == (loaded or {"lines": [{"sku": "a", "parts": [{"sku": "b"}]}]})


NEW = [
    {"customer": {"name": "a", "NEW": 1, "address": {"Street": "b", "NEW": 1}}, "NEW": 1},
    {"lines": [{"sku": "a", "NEW": 1, "parts": [{"sku": "b", "NEW": 1}]}]},
    {"more": [{"sku": "a", "NEW": 1}]},
    {"by_sku": {"a": {"sku": "b", "NEW": {}}}},
    {"pair": [1, {"sku": "b", "NEW": 1}]},
]


@pytest.mark.parametrize("body", NEW)
def test_a_field_that_is_not_known_yet_is_left_out_at_every_level(body: dict[str, Any]) -> None:
    assert "NEW" not in repr(Codec(Order).load(body))


class Strict(Schema):
    class Meta:
        unknown = RAISE

    a = fields.Integer()
    known = fields.Integer(dump_only=True)


class StrictChild(Strict):
    class Meta:
        dateformat = "iso"


class Open(Schema):
    class Meta:
        unknown = INCLUDE

    a = fields.Integer()


class Closed(Schema):
    class Meta:
        unknown = EXCLUDE

    a = fields.Integer()


class Plain(Schema):
    a = fields.Integer()


STATED = [
    (fields.Nested(Strict), RAISE),
    (fields.Nested(StrictChild), RAISE),
    (fields.Nested(Open), INCLUDE),
    (fields.Nested(Closed), EXCLUDE),
    (fields.Nested(Plain, unknown=RAISE), RAISE),
    (fields.Nested(Plain, unknown=INCLUDE), INCLUDE),
    (fields.Nested(Strict, unknown=EXCLUDE), EXCLUDE),
    (fields.Nested(Plain(unknown=INCLUDE)), INCLUDE),
    (fields.Nested(Plain), EXCLUDE),
]


@pytest.mark.parametrize(("field", "stated"), STATED)
def test_what_the_author_says_of_unknown_names_holds_for_what_is_nested(
    field: fields.Nested, stated: str
) -> None:
    codec = Codec(PubSubMessageSchema.from_dict({"MEDIA_TYPE": "stated", "inner": field}), "stated")

    if stated == RAISE:
        with pytest.raises(InvalidContent) as refusal:
            codec.load({"inner": {"a": 1, "b": 2}})
        assert refusal.value.messages == {"inner": {"b": ["Unknown field."]}}
    else:
        included = {"b": 2} if stated == INCLUDE else {}
        assert codec.load({"inner": {"a": 1, "b": 2}}) == {"inner": {"a": 1, **included}}


def test_names_that_the_author_excludes_may_be_given_and_are_left_out() -> None:
    class Outer(PubSubMessageSchema):
        MEDIA_TYPE = "outer"
        inner = fields.Nested(Closed)

    assert Codec(Outer).dump({"inner": {"a": 1, "b": 2}}) == {"inner": {"a": 1}}


class StrictMessage(PubSubMessageSchema):
    MEDIA_TYPE = "strict"

    class Meta:
        unknown = RAISE

    a = fields.Integer()
    known = fields.Integer(dump_only=True)


class OpenMessage(PubSubMessageSchema):
    MEDIA_TYPE = "open"

    class Meta:
        unknown = INCLUDE


class OpenChild(OpenMessage):
    class Meta:
        dateformat = "iso"


def test_a_strict_schema_reads_what_it_wrote_itself_and_no_more() -> None:
    codec = Codec(StrictMessage)
    document = {"mediaType": "strict", "opaqueData": {}, "a": 1, "known": 2}

    assert codec.dump({"a": 1, "known": 2}) == {"a": 1, "known": 2}
    assert codec.load(document) == {"a": 1}
    with pytest.raises(InvalidContent):
        codec.load({**document, "b": 2})


@pytest.mark.parametrize("schema", [OpenMessage, OpenChild])
def test_an_open_schema_gets_all_that_is_content(schema: type[Schema]) -> None:
    content = {"a": 1, "deep": {"b": [2]}}

    assert Codec(schema).load({"mediaType": "open", "opaqueData": {}, **content}) == content


def test_a_nested_hook_that_renames_is_heard_before_names_are_judged() -> None:
    class Renamed(Schema):
        name = fields.String()

        @pre_load
        def lower(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
            return {name.lower(): value for name, value in data.items()}

        @pre_dump
        def joined(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
            return {"name": data["first"] + data["last"]}

    class Outer(PubSubMessageSchema):
        MEDIA_TYPE = "outer"
        inner = fields.Nested(Renamed)

    codec = Codec(Outer)
    assert codec.load({"inner": {"NAME": "a", "NEW": "b"}}) == {"inner": {"name": "a"}}
    assert codec.dump({"inner": {"first": "a", "last": "b"}}) == {"inner": {"name": "ab"}}


def test_a_schema_that_others_use_stays_as_it_is() -> None:
    shared = Plain()
    held = fields.Nested(shared)

    class Outer(PubSubMessageSchema):
        MEDIA_TYPE = "outer"
        inner = held

    outer = Outer()
    nested: Any = outer.fields["inner"]
    before = nested.schema
    Codec(outer).load({"inner": {"a": 1, "b": 2}})

    assert (shared.unknown, before.unknown, nested.unknown) == (RAISE, RAISE, None)
    assert nested.schema is before
    assert "inner" in outer.validate({"inner": {"b": 2}})


def test_a_generator_in_nested_content_is_not_used_up_by_the_check() -> None:
    assert Codec(Order).dump({"more": ({"sku": each} for each in "ab")}) == {
        "more": [{"sku": "a"}, {"sku": "b"}]
    }


def test_a_nested_schema_that_is_not_there_harms_only_content_that_has_it() -> None:
    class Outer(PubSubMessageSchema):
        MEDIA_TYPE = "outer"
        a = fields.Integer()
        inner = fields.Nested("NobodyDeclaredThis")

    codec = Codec(Outer)

    assert codec.load(codec.dump({"a": 1})) == {"a": 1}
    with pytest.raises(InvalidContent, match="inner"):
        codec.dump({"inner": {"b": 1}})
