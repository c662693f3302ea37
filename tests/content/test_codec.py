import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from marshmallow import Schema, ValidationError, fields, post_load, pre_dump, validate, validates_schema

from pubsub_tasks.content.codec import Codec, declared_media_type
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.content.schema_registry import SchemaRegistry
from pubsub_tasks.errors import ConfigurationError, EncodeError, InvalidContent

FIXTURES = json.loads((Path(__file__).parents[1] / "fixtures" / "microcosm_messages.json").read_text("utf-8"))
ORDER = "application/vnd.globality.pubsub._.created.order"
ORDER_ID = UUID(int=7)


class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = ORDER

    order_id = fields.UUID(required=True)
    total = fields.Decimal(required=True, as_string=True, validate=validate.Range(min=0))
    placed_at = fields.DateTime()
    notes = fields.List(fields.String(), load_default=list)


class Anything(PubSubMessageSchema):
    MEDIA_TYPE = "anything"

    value = fields.Raw(allow_none=True)


class Renaming(PubSubMessageSchema):
    MEDIA_TYPE = "renaming"

    wireName = fields.String(attribute="content_name", required=True)  # noqa: N815 - the family writes so
    keyed = fields.String(data_key="on-the-wire")
    written = fields.String(dump_only=True)
    read = fields.String(load_only=True, load_default="")
    street = fields.String(attribute="address.street")


class Declaring(PubSubMessageSchema):
    """As microcosm-pubsub's own base declares what the body tells anyway."""

    MEDIA_TYPE = "declaring"

    mediaType = fields.String(attribute="media_type", required=True)  # noqa: N815
    opaqueData = fields.Dict(attribute="opaque_data", required=True)  # noqa: N815
    uri = fields.String(required=True)


class DeclaringInOurNames(PubSubMessageSchema):
    MEDIA_TYPE = "declaring.in.our.names"

    media_type = fields.String(required=True)
    opaque_data = fields.Dict()


class Node(PubSubMessageSchema):
    MEDIA_TYPE = "node"

    child = fields.Nested(lambda: Node())


def order(**content: Any) -> dict[str, Any]:
    return {"order_id": ORDER_ID, "total": Decimal("9.99"), **content}


def body(codec: Codec, content: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    return dict(json.loads(codec.write(content, headers or {}).body))


def test_content_goes_out_and_comes_in() -> None:
    # Given
    codec = Codec(OrderPlaced)
    content = order(placed_at=datetime(2023, 11, 14, tzinfo=UTC), notes=["für Zoë"])

    # When
    written = body(codec, content, {"x-request-id": "r"})

    # Then
    assert written == {
        "mediaType": ORDER,
        "opaqueData": {"x-request-id": "r"},
        "order_id": str(ORDER_ID),
        "total": "9.99",
        "placed_at": "2023-11-14T00:00:00+00:00",
        "notes": ["für Zoë"],
    }
    assert codec.load(written) == content


def test_a_body_is_compact_and_readable() -> None:
    assert (
        Codec(Anything).write({"value": "é"}, {}).body
        == '{"mediaType":"anything","opaqueData":{},"value":"é"}'
    )


@pytest.mark.parametrize("case", FIXTURES["theirs"], ids=lambda case: case["case"])
def test_what_microcosm_pubsub_wrote_is_read(case: dict[str, Any]) -> None:
    codec = registry().find(case["media_type"])

    loaded = codec.load(json.loads(case["body"]))

    assert {name: plain(value) for name, value in loaded.items()} == case["content"]


@pytest.mark.parametrize("case", FIXTURES["ours"], ids=lambda case: case["case"])
def test_what_is_written_is_what_microcosm_pubsub_read(case: dict[str, Any]) -> None:
    codec = registry().find(case["media_type"])

    assert codec.write(codec.load(case["content"]), case["headers"]).body == case["body"]
    assert case["read"] == case["content"]


def registry() -> SchemaRegistry:
    schemas = SchemaRegistry()
    schemas.register(OrderWithoutDefaults)
    return schemas


class OrderWithoutDefaults(OrderPlaced):
    notes = fields.List(fields.String())


def plain(value: Any) -> Any:
    return value if isinstance(value, list) else str(value)


def test_a_codec_knows_its_names() -> None:
    codec = Codec(OrderPlaced)

    assert codec.media_type == ORDER
    assert codec.field_names == {"order_id", "total", "placed_at", "notes"}
    assert codec.required == {"order_id", "total"}
    assert codec.optional_without_default == {"placed_at"}


def test_names_are_those_of_content_not_of_the_wire() -> None:
    # Given
    codec = Codec(Renaming)

    # Then
    assert codec.field_names == {"content_name", "keyed", "read", "address"}
    assert codec.required == {"content_name"}

    # When
    written = body(codec, {"content_name": "a", "keyed": "b", "written": "c", "address": {"street": "d"}})

    # Then
    del written["mediaType"], written["opaqueData"]
    assert written == {"wireName": "a", "on-the-wire": "b", "written": "c", "street": "d"}
    assert codec.load(written) == {
        "content_name": "a",
        "keyed": "b",
        "read": "",
        "address": {"street": "d"},
    }


def test_one_schema_instance_is_kept() -> None:
    schema = OrderPlaced()

    assert Codec(schema).schema is schema


def test_unknown_names_are_refused_before_dump_would_drop_them() -> None:
    with pytest.raises(InvalidContent) as caught:
        Codec(OrderPlaced).dump(order(totl="1", orderid="2"))

    assert caught.value.media_type == ORDER
    assert caught.value.messages == {"totl": ["Unknown field."], "orderid": ["Unknown field."]}
    assert "totl" in str(caught.value)


def test_a_name_that_is_only_ever_read_cannot_be_published() -> None:
    with pytest.raises(InvalidContent, match="read"):
        Codec(Renaming).dump({"content_name": "a", "read": "lost otherwise"})


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"order_id": ORDER_ID}, "total"),
        (order(total=Decimal(-1)), "total"),
        (order(order_id="x"), "order_id"),
    ],
)
def test_content_that_nobody_could_load_is_not_written(content: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidContent) as caught:
        Codec(OrderPlaced).dump(content)

    assert list(caught.value.messages) == [field]


def test_fields_of_a_later_version_are_left_out() -> None:
    fields_of_today = Codec(OrderPlaced).dump(order())

    assert Codec(OrderPlaced).load({**fields_of_today, "coupon": "X"}) == order(notes=[])


def test_invalid_fields_are_told_by_name() -> None:
    with pytest.raises(InvalidContent) as caught:
        Codec(OrderPlaced).load({"order_id": "x", "total": "1"})

    assert caught.value.messages == {"order_id": ["Not a valid UUID."]}
    assert isinstance(caught.value.__cause__, ValidationError)


def test_content_nested_without_end_is_invalid() -> None:
    # Given
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"child": deep}

    # Then
    with pytest.raises(InvalidContent, match="Nested too deeply"):
        Codec(Node).load(deep)


def test_hooks_of_a_schema_run() -> None:
    class Hooked(PubSubMessageSchema):
        MEDIA_TYPE = "hooked"
        low = fields.Integer(required=True)
        high = fields.Integer(required=True)

        @validates_schema
        def in_order(self, told: dict[str, int], **kwargs: Any) -> None:
            if told["low"] > told["high"]:
                raise ValidationError("low is above high")

        @post_load
        def with_span(self, told: dict[str, int], **kwargs: Any) -> dict[str, int]:
            return {**told, "span": told["high"] - told["low"]}

    codec = Codec(Hooked)

    assert codec.load({"low": 1, "high": 3}) == {"low": 1, "high": 3, "span": 2}
    with pytest.raises(InvalidContent) as caught:
        codec.dump({"low": 3, "high": 1})
    assert caught.value.messages == {"_schema": ["low is above high"]}


@pytest.mark.parametrize(
    "value", ["\ud800", "\udc00x", "\ufffe", "\uffff", "\x00\x0b", "\x7f", "\U0001f600\ud83d"]
)
def test_a_body_has_only_characters_that_sqs_takes(value: str) -> None:
    text = Codec(Anything).write({"value": value}, {"header": value}).body

    assert all(is_legal(character) for character in text)
    assert json.loads(text)["value"] == value
    assert json.loads(text)["opaqueData"] == {"header": value}


def is_legal(character: str) -> bool:
    code = ord(character)
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal(1), {1, 2}, b"bytes", 10**5_000],
    ids=lambda value: str(type(value)),
)
def test_what_is_no_json_is_not_written(value: Any) -> None:
    with pytest.raises(EncodeError, match="anything cannot be written as JSON"):
        Codec(Anything).write({"value": value}, {})


def test_what_contains_itself_is_not_written() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(EncodeError):
        Codec(Anything).write({"value": endless}, {})


@pytest.mark.parametrize("schema", [Declaring, DeclaringInOurNames])
def test_a_schema_may_declare_what_the_body_tells_anyway(schema: type[PubSubMessageSchema]) -> None:
    # Given
    codec = Codec(schema)
    content = {"uri": "u"} if schema is Declaring else {}

    # When
    written = body(codec, content, {"x-request-id": "r"})

    # Then
    assert codec.required == set(content)
    assert codec.optional_without_default == set()
    assert written["mediaType"] == schema.MEDIA_TYPE
    assert written["opaqueData"] == {"x-request-id": "r"}
    assert codec.load(written) == {
        **content,
        "media_type": schema.MEDIA_TYPE,
        "opaque_data": {"x-request-id": "r"},
    }


def test_a_declared_media_type_is_read_from_a_body_that_tells_it_in_its_own_way() -> None:
    told = {"mediaType": "declaring.in.our.names", "opaqueData": {"a": "b"}}

    assert Codec(DeclaringInOurNames).load(told) == {
        "media_type": "declaring.in.our.names",
        "opaque_data": {"a": "b"},
    }


def test_content_cannot_rename_its_message() -> None:
    written = body(Codec(Declaring), {"uri": "u", "media_type": "other", "opaque_data": {"forged": "1"}})

    assert written["mediaType"] == "declaring"
    assert written["opaqueData"] == {}


def test_a_media_type_may_be_told_by_a_method() -> None:
    class Told(PubSubMessageSchema):
        def deserialize_media_type(self, obj: Any) -> str:
            return "told.by.a.method"

    assert Codec(Told).media_type == "told.by.a.method"
    assert declared_media_type(Told()) == "told.by.a.method"


def test_a_plain_schema_with_a_media_type_will_do() -> None:
    class Plain(Schema):
        MEDIA_TYPE = "plain"

    assert Codec(Plain).media_type == "plain"


def test_one_schema_may_serve_several_media_types() -> None:
    assert json.loads(Codec(Anything(), "something").write({}, {}).body)["mediaType"] == "something"


class Untold(PubSubMessageSchema):
    pass


class Wrong(PubSubMessageSchema):
    MEDIA_TYPE = 5  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (Untold, "Untold has no media type"),
        (Schema, "has no media type"),
        (Wrong, "Wrong must be text and is 5"),
    ],
)
def test_a_schema_without_a_media_type_is_refused(schema: type[Schema], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Codec(schema)


def test_a_value_that_its_field_cannot_write_is_named() -> None:
    class Unshowable:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(InvalidContent) as caught:
        Codec(OrderPlaced).dump({**order(), "total": "many"})
    assert caught.value.messages == {"total": ["Decimal cannot write 'many', of type str."]}

    with pytest.raises(InvalidContent) as caught:
        Codec(OrderPlaced).dump({**order(), "total": Unshowable()})
    assert caught.value.messages == {"total": ["Decimal cannot write a value, of type Unshowable."]}


class Parcel(Schema):
    keys = fields.String()
    weight = fields.Integer()


class Shipped(PubSubMessageSchema):
    MEDIA_TYPE = "shipped"

    order_id = fields.Integer(required=True)
    items = fields.List(fields.Integer())
    copy = fields.String(attribute="update")
    parcel = fields.Nested(Parcel)


class ShippedByHook(Shipped):
    @pre_dump
    def keep(self, data: Any, **_: Any) -> Any:
        return data


@pytest.mark.parametrize("schema", [Shipped, ShippedByHook])
def test_a_field_with_the_name_of_a_method_of_dict_may_be_left_out(schema: type[PubSubMessageSchema]) -> None:
    codec = Codec(schema)

    assert codec.dump({"order_id": 1, "parcel": {"weight": 2}}) == {"order_id": 1, "parcel": {"weight": 2}}
    assert codec.dump({"order_id": 1, "items": [2], "update": "3"}) == {
        "order_id": 1,
        "items": [2],
        "copy": "3",
    }
    with pytest.raises(InvalidContent) as caught:
        codec.dump({"order_id": "many"})
    assert caught.value.messages == {"order_id": ["Integer cannot write 'many', of type str."]}
