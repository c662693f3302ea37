"""Content that a person wrote is read strictly, and as `publish` takes it."""

from dataclasses import dataclass

import pytest
from marshmallow import INCLUDE, Schema, fields, post_load, validates_schema

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.content_reader import ContentReader
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.errors import InvalidContent


class Line(Schema):
    sku = fields.String(required=True)


class Order(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    number = fields.Integer(data_key="orderNumber", required=True)
    lines = fields.List(fields.Nested(Line))


def test_names_are_those_on_the_wire_and_values_are_typed() -> None:
    assert ContentReader(Codec(Order)).read({"orderNumber": "7"}) == {"number": 7}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"orderNumber": 7, "x": 1}, {"x": ["Unknown field."]}),
        (
            {"orderNumber": 7, "lines": [{"sku": "a", "x": 1}]},
            {"lines": {0: {"x": ["Unknown field."]}}},
        ),
    ],
)
def test_unknown_names_are_refused_at_every_level(given: dict[str, object], wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidContent) as raised:
        ContentReader(Codec(Order)).read(given)

    assert raised.value.messages == wrong


def test_a_schema_that_includes_unknown_names_keeps_them() -> None:
    class Open(Order):
        class Meta:
            unknown = INCLUDE

    assert ContentReader(Codec(Open)).read({"orderNumber": 7, "x": 1}) == {"number": 7, "x": 1}


def test_the_media_type_and_headers_need_not_be_given() -> None:
    class Reserved(Order):
        media_type = fields.String(data_key="mediaType", required=True)
        opaque_data = fields.Dict(data_key="opaqueData", required=True)

    reader = ContentReader(Codec(Reserved))

    content = reader.read({"orderNumber": 7})
    assert content == {"number": 7}
    assert reader.codec.check(content, {"tenant": "t-1"})[0]["opaqueData"] == {"tenant": "t-1"}


def test_an_object_of_post_load_is_content() -> None:
    @dataclass
    class Placed:
        number: int

    class Made(Order):
        @post_load
        def make(self, content: dict[str, int], **_: object) -> Placed:
            return Placed(content["number"])

    assert ContentReader(Codec(Made)).read({"orderNumber": 7}) == Placed(7)


def test_an_odd_error_of_a_validator_is_an_error_of_the_content() -> None:
    class Odd(Order):
        @validates_schema
        def check(self, content: dict[str, int], **_: object) -> None:
            raise LookupError("no such thing")

    with pytest.raises(InvalidContent, match="LookupError: no such thing"):
        ContentReader(Codec(Odd)).read({"orderNumber": 7})
