"""marshmallow schemas as JSON Schema: each kind of field, names, and what travels beside the fields."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft7Validator
from marshmallow import fields, validate

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.schemas.documents import json_schema_document
from tests.schemas.shop import ORDER, TREE, OrderPlaced, TreeGrown, exported


def document(schema: type[PubSubMessageSchema] = OrderPlaced) -> Mapping[str, Any]:
    export = exported(schema)
    return json_schema_document(export.messages[0], export)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("orderId", {"type": "string", "format": "uuid"}),
        ("total", {"type": "string"}),
        ("placed_at", {"type": ["string", "null"], "format": "date-time"}),
        ("stamp", {"type": "number"}),
        ("currency", {"type": "string", "default": "EUR", "enum": ["EUR", "USD"]}),
        ("discount", {"type": ["string", "null"], "default": "0.50"}),
        ("count", {"type": "integer", "minimum": 1, "exclusiveMaximum": 5}),
        ("lines", {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/Line"}}),
        ("first", {"anyOf": [{"$ref": "#/definitions/Line"}, {"type": "null"}]}),
        ("short", {"$ref": "#/definitions/Line2"}),
        ("where", {"type": "array", "items": [{"type": "number"}] * 2, "minItems": 2, "maxItems": 2}),
        ("color", {"type": "string", "enum": ["RED", "GREEN"]}),
        ("shade", {"enum": [1, 2]}),
        ("labels", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("shop", {"type": "string", "format": "uri", "description": "Where it was placed."}),
        ("mediaType", {"type": "string", "const": ORDER}),
    ],
)
def test_a_field_is_as_it_is_written(field: str, said: Mapping[str, Any]) -> None:
    assert document()["properties"][field] == said


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (fields.Integer(as_string=True, load_default=3), {"type": "string", "default": "3"}),
        (fields.Float(as_string=True), {"type": "string"}),
        (fields.IPv4Interface(), {"type": "string"}),
        (fields.Date(), {"type": "string", "format": "date"}),
        (fields.Date(format="%d.%m.%Y"), {"type": "string"}),
        (fields.URL(relative=True), {"type": "string", "format": "uri-reference"}),
        (
            fields.Dict(validate=validate.Length(min=1, max=2)),
            {"type": "object", "additionalProperties": {}, "minProperties": 1, "maxProperties": 2},
        ),
        (
            fields.List(fields.Integer(), validate=validate.ContainsOnly([1, 2])),
            {"type": "array", "items": {"type": "integer", "enum": [1, 2]}},
        ),
    ],
)
def test_where_apispec_says_otherwise_a_field_is_as_it_is_written(
    field: "fields.Field[Any]", said: Mapping[str, Any]
) -> None:
    schema = type("Stock", (PubSubMessageSchema,), {"MEDIA_TYPE": "stock", "field": field})

    assert document(schema)["properties"]["field"] == said


def test_a_constant_is_the_only_value() -> None:
    assert document()["properties"]["kind"]["const"] == "order"


def test_what_is_required_is_the_media_type_and_required_fields() -> None:
    assert document()["required"] == ["mediaType", "orderId", "total"]


def test_unknown_names_are_as_the_author_says_and_dropped_otherwise() -> None:
    definitions = document()["definitions"]

    assert "additionalProperties" not in document()
    assert "additionalProperties" not in definitions["Line"]
    assert "additionalProperties" not in definitions["Dropping"]
    assert definitions["Closed"]["additionalProperties"] is False
    assert definitions["Open"]["additionalProperties"] is True


def test_a_decimal_s_bounds_are_kept_as_an_extension() -> None:
    assert document()["definitions"]["Line"]["properties"]["price"] == {"type": "string", "x-minimum": "0"}


def test_a_schema_that_contains_itself_is_a_reference() -> None:
    node = document(TreeGrown)["definitions"]["Node"]

    assert node["properties"]["children"]["items"] == {"$ref": "#/definitions/Node"}


def test_documents_are_valid_and_have_only_what_they_use() -> None:
    export = exported()

    for message in export.messages:
        found = json_schema_document(message, export)
        Draft7Validator.check_schema(found)
        assert json.loads(json.dumps(found)) == found
    assert set(document(TreeGrown)["definitions"]) == {"Node"}
    assert [message.media_type for message in export.messages] == [ORDER, TREE]
    assert [message.content_type for message in export.messages][1] == "application/x-yaml"


def test_what_is_published_is_valid_for_the_exported_schema() -> None:
    content = {
        "order_id": "6f3c3f0e-8d0a-4a52-9e1e-0f4a5d6d1c11",
        "total": "9.99",
        "lines": [{"sku": "a", "price": "1"}],
        "first": None,
        "where": (1.5, 2.5),
        "labels": {"a": 1},
        "count": 4,
    }
    body = json.loads(Codec(OrderPlaced).write(content, {"x-tenant": "t-1"}).body)

    Draft7Validator(document()).validate(body)
    assert not Draft7Validator(document()).is_valid({**body, "count": 5})
    assert not Draft7Validator(document()).is_valid({**body, "mediaType": "other"})


def test_a_field_for_the_headers_is_the_headers() -> None:
    class WithHeaders(PubSubMessageSchema):
        MEDIA_TYPE = ORDER
        opaque_data = fields.Dict(data_key="opaqueData", required=True)

    found = document(WithHeaders)

    assert found["properties"]["opaqueData"]["additionalProperties"] == {"type": "string"}
    assert found["required"] == ["mediaType"]
