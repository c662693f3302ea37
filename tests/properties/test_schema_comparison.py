"""A change that is safe for one side never makes the other side refuse a message, as jsonschema judges."""

from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from pubsub_tasks.schemas.changes import Risk
from pubsub_tasks.schemas.comparison import compare_messages
from pubsub_tasks.schemas.schema_version import SchemaVersion

NAMES = ("a", "b", "c")
NUMBERS = st.integers(0, 3)
TEXTS = st.sampled_from(["", "p", "pq", "pqr"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "integer": NUMBERS,
    "number": NUMBERS | st.sampled_from([0.5, 2.5]),
    "string": TEXTS,
    "boolean": st.booleans(),
}
BOUNDS = {
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "string": ("minLength", "maxLength"),
}


@st.composite
def scalars(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(VALUES)))
    nullable = draw(st.booleans())
    schema: dict[str, Any] = {"type": [kind, "null"] if nullable else kind}
    for bound in BOUNDS.get(kind, ()):
        if draw(st.integers(0, 2)) == 0:
            schema[bound] = draw(NUMBERS)
    if draw(st.integers(0, 3)) == 0:
        schema["enum"] = draw(st.lists(VALUES[kind], min_size=1, max_size=3, unique=True))
        if nullable:
            schema["enum"] = [*schema["enum"], None]
    return schema


def objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda properties, required, closed: {
            "type": "object",
            "properties": properties,
            "required": sorted(required & properties.keys()),
            **({"additionalProperties": False} if closed else {}),
        },
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
        st.sets(st.sampled_from(NAMES)),
        st.booleans(),
    )


def lists(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 2)
    )


SCHEMAS = st.recursive(scalars(), lambda inner: objects(inner) | lists(inner), max_leaves=2)
MESSAGES = objects(SCHEMAS)


def content(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a publisher may write by a schema, which has only names that the schema declares."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if kinds == ["object"]:
        fields = {name: content(each) for name, each in schema["properties"].items()}
        needed = {name: each for name, each in fields.items() if name in schema["required"]}
        return st.fixed_dictionaries(
            needed, optional={name: each for name, each in fields.items() if name not in needed}
        )
    if kinds == ["array"]:
        return st.lists(content(schema["items"]), max_size=3)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return st.one_of(*(VALUES[kind] for kind in kinds))


@st.composite
def versions(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema and another version of it, with few changes."""
    if draw(st.booleans()):
        old = draw(MESSAGES)
        return old, edited(draw, old)
    scalar = draw(scalars())
    return of_field(scalar), of_field(edited_scalar(draw, scalar))


def of_field(schema: dict[str, Any]) -> dict[str, Any]:
    """A message with one required field, of which each value tells."""
    return {"type": "object", "properties": {"a": schema}, "required": ["a"]}


def edited(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in schema.items() if name == "type" or draw(st.integers(0, 5))}
    if schema["type"] == "array":
        return {**kept, "items": edited(draw, schema["items"])}
    if schema["type"] != "object":
        return edited_scalar(draw, kept)
    properties = {
        name: edited(draw, each) for name, each in schema["properties"].items() if draw(st.booleans())
    }
    if draw(st.booleans()):
        properties[draw(st.sampled_from(NAMES))] = draw(scalars())
    required = {*kept.get("required", ()), *draw(st.sets(st.sampled_from(NAMES), max_size=1))}
    return {**kept, "properties": properties, "required": sorted(required & properties.keys())}


def edited_scalar(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """Another bound, a number for an integer, or another schema."""
    if draw(st.integers(0, 5)) == 0:
        return draw(scalars())
    wider = {"integer": "number", "number": "integer"}.get(str(schema["type"]))
    changed = {
        name: draw(NUMBERS) if isinstance(value, int) and draw(st.booleans()) else value
        for name, value in schema.items()
    }
    return {**changed, "type": wider} if wider and draw(st.booleans()) else changed


@settings(max_examples=200)
@given(st.data(), versions())
def test_what_is_safe_for_a_publisher_is_accepted_by_old_consumers(
    data: st.DataObject, pair: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    old, new = pair
    if worst(old, new, "publisher") is Risk.SAFE:
        accepted_by(old, new, data)


@settings(max_examples=200)
@given(st.data(), versions())
def test_what_is_safe_for_a_consumer_is_accepted_from_old_publishers(
    data: st.DataObject, pair: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    old, new = pair
    if worst(old, new, "consumer") is Risk.SAFE:
        accepted_by(new, old, data)


@given(MESSAGES)
def test_a_schema_has_no_changes_against_itself(schema: dict[str, Any]) -> None:
    assert compare_messages(version(schema), version(dict(schema))) == []


def version(schema: dict[str, Any]) -> dict[str, SchemaVersion]:
    return {"order": SchemaVersion(schema, schema)}


def worst(old: dict[str, Any], new: dict[str, Any], side: str) -> Risk:
    changes = compare_messages(version(old), version(new))
    return max((getattr(change, side) for change in changes), default=Risk.SAFE)


def accepted_by(reader: dict[str, Any], writer: dict[str, Any], data: st.DataObject) -> None:
    written = data.draw(content(writer))
    if Draft7Validator(writer).is_valid(written):
        event("written" if written else "empty")
        assert Draft7Validator(reader).is_valid(written)
