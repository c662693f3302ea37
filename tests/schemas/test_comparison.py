"""Changes between two versions of a schema, and what they mean for publishers and consumers."""

from typing import Any

import pytest
from marshmallow import fields, validate

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.schemas.changes import Risk, SchemaChange
from pubsub_tasks.schemas.comparison import compare_messages
from pubsub_tasks.schemas.documents import asyncapi_document
from pubsub_tasks.schemas.reading import versions_of, versions_of_export
from pubsub_tasks.schemas.schema_version import SchemaVersion
from tests.schemas.shop import ORDER, TREE, Line, OrderPlaced, TreeGrown, exported

SAFE, RISKY, BREAKING = Risk


def version(schema: dict[str, Any]) -> dict[str, SchemaVersion]:
    return {ORDER: SchemaVersion(schema, schema)}


def of_field(field: dict[str, Any], *, required: bool = False) -> dict[str, SchemaVersion]:
    return version({"type": "object", "properties": {"x": field}, "required": ["x"] if required else []})


def changes(old: Any, new: Any) -> list[tuple[str, str, Risk, Risk]]:
    return [(each.path, each.text, each.publisher, each.consumer) for each in compare_messages(old, new)]


TEXT = {"type": "string"}
NUMBER = {"type": "number"}


@pytest.mark.parametrize(
    ("old", "new", "publisher", "consumer", "text"),
    [
        (TEXT, NUMBER, BREAKING, BREAKING, "is number, was string"),
        ({"type": "integer"}, NUMBER, BREAKING, SAFE, "is number, was integer"),
        (NUMBER, {"type": "integer"}, SAFE, BREAKING, "is integer, was number"),
        (TEXT, {"type": ["string", "null"]}, BREAKING, SAFE, "is null or string, was string"),
        ({"type": ["string", "null"]}, TEXT, SAFE, BREAKING, "is string, was null or string"),
        ({}, TEXT, SAFE, BREAKING, "is string, was anything"),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, BREAKING, SAFE, 'may be "b"'),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, SAFE, BREAKING, 'is no longer "b"'),
        ({"const": "a"}, {"const": "b"}, BREAKING, BREAKING, 'is "b", was "a"'),
        (TEXT, {**TEXT, "enum": ["a"]}, SAFE, BREAKING, 'is only "a"'),
        ({**TEXT, "enum": ["a"]}, TEXT, BREAKING, SAFE, "may be any value"),
        (TEXT, {**TEXT, "format": "uuid"}, SAFE, BREAKING, "format is uuid"),
        ({**TEXT, "format": "date"}, {**TEXT, "format": "date-time"}, BREAKING, BREAKING, "was date"),
        ({**TEXT, "pattern": "a"}, {**TEXT, "pattern": "b"}, RISKY, RISKY, "pattern is b, was a"),
        ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 2}, SAFE, BREAKING, "minimum is 2, was 1"),
        ({**NUMBER, "minimum": 1}, NUMBER, BREAKING, SAFE, "minimum 1 is gone"),
        ({**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 9}, BREAKING, SAFE, "maxLength is 9, was 5"),
        ({**TEXT, "x-minimum": "9"}, {**TEXT, "x-minimum": "10"}, SAFE, BREAKING, "x-minimum is 10"),
        ({**TEXT, "default": "a"}, {**TEXT, "default": "b"}, SAFE, RISKY, 'is "b" by default, was "a"'),
        ({**TEXT, "default": "a"}, TEXT, SAFE, RISKY, 'has no default, was "a"'),
        ({"not": TEXT}, {"not": NUMBER}, RISKY, RISKY, "not changed"),
    ],
)
def test_a_change_of_a_value(
    old: dict[str, Any], new: dict[str, Any], publisher: Risk, consumer: Risk, text: str
) -> None:
    (found,) = changes(of_field(old), of_field(new))

    assert found[0] == "x"
    assert found[2:] == (publisher, consumer)
    assert text in found[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({**TEXT, "description": "a", "title": "t"}, {**TEXT, "description": "b"}),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"type": ["string", "null"]}),
        ({"enum": ["a", None], "type": ["string", "null"]}, {"enum": ["a"], "type": ["string", "null"]}),
        ({"type": ["integer", "number"]}, NUMBER),
    ],
)
def test_what_means_the_same_is_no_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert changes(of_field(old), of_field(new)) == []


EMPTY = version({"type": "object", "properties": {}})
CLOSED = version({"type": "object", "properties": {}, "additionalProperties": False})


@pytest.mark.parametrize(
    ("old", "new", "publisher", "consumer"),
    [
        (EMPTY, of_field(TEXT), SAFE, SAFE),
        (EMPTY, of_field(TEXT, required=True), SAFE, BREAKING),
        (of_field(TEXT), EMPTY, RISKY, SAFE),
        (of_field(TEXT, required=True), EMPTY, BREAKING, SAFE),
        (of_field(TEXT), of_field(TEXT, required=True), SAFE, BREAKING),
        (of_field(TEXT, required=True), of_field(TEXT), BREAKING, SAFE),
    ],
)
def test_a_field_that_comes_goes_or_becomes_required(
    old: Any, new: Any, publisher: Risk, consumer: Risk
) -> None:
    assert [each[2:] for each in changes(old, new)] == [(publisher, consumer)]


def test_a_new_field_breaks_consumers_that_refuse_other_names() -> None:
    new = version({"type": "object", "properties": {"x": TEXT}, "additionalProperties": False})

    assert [each[2:] for each in changes(CLOSED, new)] == [(BREAKING, SAFE)]


def test_a_media_type_that_comes_or_goes() -> None:
    assert changes({}, EMPTY) == [("", "is new", SAFE, SAFE)]
    assert changes(EMPTY, {}) == [("", "is gone", RISKY, BREAKING)]


def test_changes_within_lists_and_objects_have_a_path() -> None:
    class Placed(OrderPlaced):
        lines = fields.List(fields.Nested(Line(exclude=("price",))))
        labels = fields.Dict(keys=fields.String(), values=fields.String())

    found = changes(versions_of_export(exported(OrderPlaced)), versions_of_export(exported(Placed)))

    assert [each[:2] for each in found] == [
        ("labels{}", "is string, was integer"),
        ("lines", "minItems 1 is gone"),
        ("lines[].price", "is gone, and was optional"),
    ]


def test_a_schema_that_contains_itself_is_compared_once() -> None:
    class Grown(TreeGrown):
        root = fields.Nested("Bush", required=True)

    class Bush(TreeGrown):
        class Meta:
            register = True

        value = fields.String()
        children = fields.List(fields.Nested("Bush"))

    found = changes(versions_of_export(exported(TreeGrown)), versions_of_export(exported(Grown)))

    assert ("root.value", "is string, was integer", BREAKING, BREAKING) in found


def test_another_content_type_breaks_old_consumers_and_json_breaks_nobody() -> None:
    class InJson(TreeGrown):
        CONTENT_TYPE = "json"

    yaml, json = (versions_of_export(exported(each)) for each in (TreeGrown, InJson))

    assert [each[2:] for each in changes(json, yaml)] == [(BREAKING, SAFE)]
    assert [each[2:] for each in changes(yaml, json)] == [(SAFE, SAFE)]


def test_the_documents_that_are_exported_read_alike() -> None:
    export = exported()
    document = asyncapi_document(export, [], title="shop", version="1")

    assert compare_messages(versions_of(document), versions_of_export(export)) == []
    assert sorted(versions_of(document)) == [ORDER, TREE]


@pytest.mark.parametrize("document", [[], {}, {"openapi": "3.0.0"}, {"properties": {"mediaType": {}}}])
def test_another_document_is_refused(document: Any) -> None:
    with pytest.raises(ConfigurationError, match="document"):
        versions_of(document)


@pytest.mark.parametrize(
    "schema", [{"properties": ["x"]}, {"required": True}, {"required": "x"}, {"required": [["x"]]}]
)
def test_what_is_no_json_schema_is_compared_as_far_as_it_can_be_read(schema: dict[str, Any]) -> None:
    assert changes(version(schema), version(schema)) == []


def test_a_payload_in_another_format_without_its_schema_is_left_out() -> None:
    payload = {"schemaFormat": "application/vnd.apache.avro"}
    channels = {"orders": {"messages": {"order": {"name": ORDER, "payload": payload}}}}

    (found,) = versions_of({"asyncapi": "3.0.0", "channels": channels}).values()

    assert found.body == {}


def test_a_reason_is_given_for_what_is_not_safe() -> None:
    found: list[SchemaChange] = compare_messages(of_field(TEXT), of_field(NUMBER))

    assert all(bool(each.reason) is (each.worst > SAFE) for each in found)


def test_bounds_of_validators_are_compared() -> None:
    class Before(PubSubMessageSchema):
        MEDIA_TYPE = ORDER
        count = fields.Integer(validate=validate.Range(min=1))

    class After(PubSubMessageSchema):
        MEDIA_TYPE = ORDER
        count = fields.Integer(validate=validate.Range(min=2))

    found = changes(versions_of_export(exported(Before)), versions_of_export(exported(After)))

    assert found == [("count", "minimum is 2, was 1", SAFE, BREAKING)]
