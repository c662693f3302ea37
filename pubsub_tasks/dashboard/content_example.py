"""A first draft of content for a schema: its field names, with empty values of their types. No I/O."""

from typing import Any

from marshmallow import Schema, fields

from ..content.reserved_fields import ReservedFields

_MAX_DEPTH = 3


def content_example(schema: Schema) -> dict[str, Any]:
    """The fields that a message of this schema can have, by their names on the wire."""
    return _example(schema, frozenset(ReservedFields(schema).content_names), _MAX_DEPTH)


def _example(schema: Schema, left_out: frozenset[str], depth: int) -> dict[str, Any]:
    return {
        field.data_key or name: _value(field, depth)
        for name, field in schema.load_fields.items()
        if name not in left_out
    }


def _value(field: "fields.Field[Any]", depth: int) -> Any:
    if isinstance(field, fields.Nested):
        nested = _example(field.schema, frozenset(), depth - 1) if depth else {}
        return [nested] if field.many else nested
    if isinstance(field, fields.List):
        return [_value(field.inner, depth - 1)] if depth else []
    if isinstance(field, fields.Mapping):
        return {}
    if isinstance(field, fields.Boolean):
        return False
    if isinstance(field, fields.Number) and not isinstance(field, fields.Decimal):
        return 0
    return ""
