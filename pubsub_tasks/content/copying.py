"""Copies: one mutable value for each use, where a schema's code may edit what it is given."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from marshmallow import INCLUDE, Schema, fields
from marshmallow.fields import Field

from .nesting import POST_DUMP, PRE_DUMP, VALIDATES, declared_unknown, hook_kinds, inner_fields

_COPIED_BY_FIELD = "marshmallow.fields"
"""Marshmallow's own fields make a new value when loading, but for those in `_HANDED_ON`."""

_HANDED_ON = (fields.Function, fields.Method, fields.Constant)


_IMMUTABLE = frozenset({str, int, float, bool, bytes, type(None)})


def copy_value(value: Any) -> Any:
    """Containers anew, at every level; other values anew where they can be copied, else themselves.

    Not recursive: a body may be nested more deeply than Python's stack allows for.
    """
    root = [value]
    made: dict[int, Any] = {}
    waiting: list[Any] = [root]
    while waiting:
        container = waiting.pop()
        for key, each in list(container.items() if isinstance(container, dict) else enumerate(container)):
            if type(each) in _IMMUTABLE:
                continue
            if id(each) not in made:
                made[id(each)] = _anew(each)
                if type(made[id(each)]) in (dict, list):
                    waiting.append(made[id(each)])
            container[key] = made[id(each)]
    return root[0]


def _anew(value: Any) -> Any:
    """A mapping or list with the same members; of anything else, a deep copy if there can be one."""
    if type(value) is list:
        return list(value)
    if type(value) is dict or (isinstance(value, Mapping) and not isinstance(value, dict)):
        return dict(value)
    try:
        return deepcopy(value)
    except Exception:  # a generator, a lock, a database session's object
        return value


def dump_may_edit(schema: Schema) -> bool:
    """Whether a hook may edit the caller's values when content is dumped."""
    schemas = _schemas(schema)
    return schemas is None or any(hook_kinds(each) & {PRE_DUMP, POST_DUMP} for each in schemas)


def load_may_share(schema: Schema) -> bool:
    """Whether what was loaded may share mutable values with what it was loaded from, or a hook edit those."""
    schemas = _schemas(schema)
    return schemas is None or any(
        hook_kinds(each) - {PRE_DUMP, POST_DUMP, VALIDATES}
        or declared_unknown(each) == INCLUDE
        or any(_hands_on(field) for field in each.load_fields.values())
        for each in schemas
    )


def _hands_on(field: "Field[Any]") -> bool:
    if isinstance(field, fields.Nested):
        return field.unknown == INCLUDE or type(field).__module__ != _COPIED_BY_FIELD
    if type(field).__module__ != _COPIED_BY_FIELD or isinstance(field, _HANDED_ON):
        return True
    if isinstance(field, fields.Mapping):
        return field.value_field is None or _hands_on(field.value_field)
    return type(field) in (fields.Field, fields.Raw) or any(_hands_on(each) for each in inner_fields(field))


def _schemas(schema: Schema) -> list[Schema] | None:
    """The schema and all that it nests, one of each class and selection of fields; None where some nested
    schema cannot be found."""
    found: dict[Any, Schema] = {}
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        key = type(each), frozenset(each.fields), each.unknown
        if key in found:
            continue
        found[key] = each
        try:
            waiting.extend(nested.schema for field in each.fields.values() for nested in _nested(field))
        except Exception:  # an author's callable, or a name that nobody declares
            return None
    return list(found.values())


def _nested(field: "Field[Any]") -> list[fields.Nested]:
    if isinstance(field, fields.Nested):
        return [field]
    return [nested for each in inner_fields(field) for nested in _nested(each)]
