"""How names that a schema does not declare are treated, at every level of nested schemas.

Loading drops unknown names at every level, unless the schema's author says otherwise with `Meta.unknown`,
`Nested(unknown=...)` or `Schema(unknown=...)`. The schemas themselves are never changed.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import copy, deepcopy
from functools import cache
from typing import Any, Literal

from marshmallow import EXCLUDE, RAISE, Schema, fields
from marshmallow.fields import Field
from marshmallow.utils import get_value

PRE_DUMP, POST_DUMP, PRE_LOAD, POST_LOAD = "pre_dump", "post_dump", "pre_load", "post_load"
VALIDATES, VALIDATES_SCHEMA = "validates", "validates_schema"

Unknown = Literal["raise", "include", "exclude"]

UNKNOWN = "Unknown field."

METHODS_OF_MAPPINGS = frozenset(dir(dict))
"""Names that marshmallow finds in a mapping without such a key, and dumps the method."""


def declared_unknown(schema: Schema) -> Unknown | None:
    """Return what the author sets for unknown names: `raise`, `include` or `exclude`; None if nothing."""
    if schema.unknown != schema.opts.unknown:
        return schema.unknown  # given to this instance
    for cls in type(schema).__mro__:
        unknown = getattr(vars(cls).get("Meta"), "unknown", None)
        if unknown is not None:
            return unknown  # type: ignore[no-any-return]
    return None


def member(content: Any, name: str, default: Any) -> Any:
    """Return what `Schema.get_attribute` does, but never a method of a mapping."""
    for key in name.split("."):
        is_method = key in METHODS_OF_MAPPINGS and isinstance(content, Mapping) and key not in content
        content = default if is_method else get_value(content, key, default)
    return content


class FreshDefault:
    """A default that is a new copy for each message: a handler may edit it."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __call__(self) -> Any:
        return deepcopy(self._value)


def tolerant(schema: Schema) -> Schema:
    """Return a copy of the schema that drops unknown names when loading, unless the author says otherwise,
    shares no default between messages, and dumps no methods of mappings."""
    copied = copy(schema)
    if type(schema).get_attribute is Schema.get_attribute and "get_attribute" not in vars(schema):
        vars(copied)["get_attribute"] = member
    copied.unknown = declared_unknown(schema) or EXCLUDE
    copied.load_fields, copied.dump_fields = (
        type(of)((name, _tolerant_field(_with_fresh_default(field))) for name, field in of.items())
        for of in (schema.load_fields, schema.dump_fields)
    )
    return copied


def hook_kinds(schema: Schema) -> set[str]:
    """Return the kinds of hooks that the schema has, such as `pre_load` and `validates_schema`."""
    return {str(kind) for kind, used in schema._hooks.items() if used}


def inner_fields(field: "Field[Any]") -> Iterator["Field[Any]"]:
    """Yield the fields inside of a container field; nothing for any other field."""
    match field:
        case fields.List():
            yield field.inner
        case fields.Tuple():
            yield from field.tuple_fields
        case fields.Mapping():
            yield from (each for each in (field.key_field, field.value_field) if each is not None)


def content_name(name: str, field: "Field[Any]") -> str:
    """Return a field's name in content: the first part of a dotted attribute, which loads nested mappings."""
    return (field.attribute or name).partition(".")[0]


class _Tolerant(fields.Nested):
    """Mixin for copied Nested fields. The nested schema is copied when it is first used."""

    _tolerant: Schema | None = None

    @property
    def schema(self) -> Schema:
        if self._tolerant is None:
            self._tolerant = tolerant(super().schema)
        return self._tolerant


@cache
def tolerant_class(cls: Any) -> Any:
    """Return the class of copied fields of a class of Nested fields."""
    return type(cls.__name__, (_Tolerant, cls), {})


def _with_fresh_default(field: "Field[Any]") -> "Field[Any]":
    if not isinstance(field.load_default, dict | list | set):
        return field
    copied = copy(field)
    copied.load_default = FreshDefault(field.load_default)
    return copied


def _tolerant_field(field: "Field[Any]") -> "Field[Any]":
    if isinstance(field, fields.Nested):
        nested = copy(field)
        nested.__class__ = tolerant_class(type(field))  # type: ignore[arg-type]
        return nested
    if not any(_nests(each) for each in inner_fields(field)):
        return field
    container: Any = copy(field)
    match field:
        case fields.List():
            container.inner = _tolerant_field(field.inner)
        case fields.Tuple():
            container.tuple_fields = [_tolerant_field(each) for each in field.tuple_fields]
        case fields.Mapping():
            container.value_field = field.value_field and _tolerant_field(field.value_field)
    return container  # type: ignore[no-any-return]


def _nests(field: "Field[Any]") -> bool:
    return isinstance(field, fields.Nested) or any(_nests(each) for each in inner_fields(field))


Problems = dict[Any, Any]
"""Problems by name, index or key, as marshmallow nests them."""


class NestedNames:
    """Finds unknown names in nested content, which marshmallow's dump would drop silently.

    Objects that are not mappings are not checked, nor are schemas that may read content under other names:
    with a `pre_dump` hook, `fields.Method`, `fields.Function` or `get_attribute`.
    """

    def __init__(self, schema: Schema) -> None:
        self._checks = [
            (content_name(name, field), field.data_key or name, check)
            for name, field in schema.dump_fields.items()
            if "." not in (field.attribute or "") and (check := _check(field))
        ]
        self._known = frozenset(content_name(*item) for item in schema.dump_fields.items()) | (
            # Fields that the author left out with `only` or `exclude` may be in content.
            type(schema)._declared_fields.keys() - schema.fields.keys()
        )
        self._read_otherwise = (
            PRE_DUMP in hook_kinds(schema) or type(schema).get_attribute is not Schema.get_attribute
        )
        self._open = any(
            isinstance(field, (fields.Method, fields.Function)) for field in schema.fields.values()
        )

    def unwritten(self, content: Any, unknown: str | None = RAISE) -> Problems:
        """Return the problems at this level, unless `unknown` is `exclude`, and below."""
        if not isinstance(content, Mapping) or self._read_otherwise:
            return {}
        wrong: Problems = {}
        if unknown != EXCLUDE and not self._open:
            wrong = {name: [UNKNOWN] for name in content if name not in self._known}
        return wrong | self.below(content)

    def below(self, content: Mapping[str, Any]) -> Problems:
        """Return the problems of nested content."""
        wrong: Problems = {}
        if self._read_otherwise:
            return wrong
        for name, wire_name, check in self._checks:
            if content.get(name) is not None and (found := check(content[name])):
                wrong[wire_name] = found
        return wrong


def _check(field: "Field[Any]") -> Callable[[Any], Problems] | None:
    """Return a function that checks values of this field, or None if it nests no schema."""
    match field:
        case fields.Nested():
            return _Nested(field)
        case fields.List():
            inner = _check(field.inner)
            return inner and (lambda value: _each(inner, value))
        case fields.Mapping() if field.value_field is not None:
            of_value = _check(field.value_field)
            return of_value and (lambda value: _values(of_value, value))
        case fields.Tuple():
            checks = [_check(each) for each in field.tuple_fields]
            return (lambda value: _zipped(checks, value)) if any(checks) else None
    return None


class _Nested:
    """Checks values of one Nested field. Its schema, which may be recursive, is resolved on first use."""

    def __init__(self, field: fields.Nested) -> None:
        self._field = field
        self._names: NestedNames | None = None

    def __call__(self, value: Any) -> Problems:
        try:
            schema = self._field.schema
        except Exception:  # an unknown name, which dumping reports
            return {}
        if self._names is None:
            self._names = NestedNames(schema)
        names, unknown = self._names, self._field.unknown or declared_unknown(schema)
        if schema.many or self._field.many:
            return _each(lambda each: names.unwritten(each, unknown), value)
        return names.unwritten(value, unknown)


def _each(check: Callable[[Any], Problems], value: Any) -> Problems:
    """Check the items of a list or tuple, by index. Iterators are skipped: they can be read only once."""
    values = value if isinstance(value, (list, tuple)) else ()
    return {index: found for index, each in enumerate(values) if (found := check(each))}


def _values(check: Callable[[Any], Problems], value: Any) -> Problems:
    items = value.items() if isinstance(value, Mapping) else ()
    return {key: {"value": found} for key, each in items if each is not None and (found := check(each))}


def _zipped(checks: list[Callable[[Any], Problems] | None], value: Any) -> Problems:
    values = value if isinstance(value, (list, tuple)) else ()
    pairs = enumerate(zip(checks, values, strict=False))
    return {index: found for index, (check, each) in pairs if check and (found := check(each))}
