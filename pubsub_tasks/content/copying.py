"""Copy content where a schema's code may edit it, so that no two users share a mutable value."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from marshmallow import INCLUDE, Schema, fields
from marshmallow.fields import Field

from .unknown_fields import (
    METHODS_OF_MAPPINGS,
    POST_DUMP,
    PRE_DUMP,
    VALIDATES,
    declared_unknown,
    hook_kinds,
    inner_fields,
)

_MARSHMALLOW_FIELDS = "marshmallow.fields"
"""marshmallow's own fields make a new value when loading, except for those in `_SHARING_FIELDS`."""

_SHARING_FIELDS = (fields.Function, fields.Method, fields.Constant)

_IMMUTABLE = frozenset({str, int, float, bool, bytes, type(None)})


def copy_value(value: Any) -> Any:
    """Copy containers at every level, and other values if they can be copied.

    Not recursive, since a body may be nested more deeply than Python's recursion limit.
    """
    root = [value]
    copies: dict[int, Any] = {}
    pending: list[Any] = [root]
    while pending:
        container = pending.pop()
        for key, each in list(container.items() if isinstance(container, dict) else enumerate(container)):
            if type(each) in _IMMUTABLE:
                continue
            if id(each) not in copies:
                copies[id(each)] = _copy(each)
                if type(copies[id(each)]) in (dict, list):
                    pending.append(copies[id(each)])
            container[key] = copies[id(each)]
    return root[0]


def _copy(value: Any) -> Any:
    """Return a shallow copy of a mapping or list; of anything else, a deep copy if possible."""
    if type(value) is list:
        return list(value)
    if type(value) is dict or (isinstance(value, Mapping) and not isinstance(value, dict)):
        return dict(value)
    try:
        return deepcopy(value)
    except Exception:  # a generator, a lock, a database session's object
        return value


def dump_may_edit(schema: Schema) -> bool:
    """Whether a hook may edit the caller's values when dumping."""
    schemas = _schemas(schema)
    return schemas is None or any(hook_kinds(each) & {PRE_DUMP, POST_DUMP} for each in schemas)


def dump_may_find_methods(schema: Schema) -> bool:
    """Whether marshmallow may dump a method of a mapping, for a key of that name that is missing."""
    schemas = _schemas(schema)
    return schemas is None or any(
        not METHODS_OF_MAPPINGS.isdisjoint((field.attribute or name).split("."))
        for each in schemas
        for name, field in each.dump_fields.items()
    )


def load_may_share(schema: Schema) -> bool:
    """Whether loaded content may share mutable values with its source, or a hook may edit the source."""
    schemas = _schemas(schema)
    return schemas is None or any(
        hook_kinds(each) - {PRE_DUMP, POST_DUMP, VALIDATES}
        or declared_unknown(each) == INCLUDE
        or any(_shares_value(field) for field in each.load_fields.values())
        for each in schemas
    )


def _shares_value(field: "Field[Any]") -> bool:
    if isinstance(field, fields.Nested):
        return field.unknown == INCLUDE or type(field).__module__ != _MARSHMALLOW_FIELDS
    if type(field).__module__ != _MARSHMALLOW_FIELDS or isinstance(field, _SHARING_FIELDS):
        return True
    if isinstance(field, fields.Mapping):
        return field.value_field is None or _shares_value(field.value_field)
    return type(field) in (fields.Field, fields.Raw) or any(map(_shares_value, inner_fields(field)))


def _schemas(schema: Schema) -> list[Schema] | None:
    """Return the schema and all nested ones, one for each class and selection of fields.

    None if a nested schema cannot be found.
    """
    found: dict[Any, Schema] = {}
    pending = [schema]
    while pending:
        each = pending.pop()
        key = type(each), frozenset(each.fields), each.unknown
        if key in found:
            continue
        found[key] = each
        try:
            pending.extend(nested.schema for field in each.fields.values() for nested in _nested(field))
        except Exception:  # a callable that raises, or an unknown name
            return None
    return list(found.values())


def _nested(field: "Field[Any]") -> list[fields.Nested]:
    if isinstance(field, fields.Nested):
        return [field]
    return [nested for each in inner_fields(field) for nested in _nested(each)]
