"""Nesting: schemas within schemas, and names that none of them declares. Never changes a schema it is given.

Loading leaves unknown names out at every level, unless the schema's author states something else with
`Meta.unknown`, `Nested(unknown=...)` or `Schema(unknown=...)`.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import cache
from typing import Any, Literal

from marshmallow import EXCLUDE, RAISE, Schema, fields
from marshmallow.fields import Field

PRE_DUMP, POST_DUMP, POST_LOAD, VALIDATES = "pre_dump", "post_dump", "post_load", "validates"

Unknown = Literal["raise", "include", "exclude"]

UNKNOWN = "Unknown field."


def declared_unknown(schema: Schema) -> Unknown | None:
    """What the author says of unknown names: `raise`, `include`, `exclude`, or None for nothing."""
    if schema.unknown != schema.opts.unknown:
        return schema.unknown  # given to this instance
    for cls in type(schema).__mro__:
        told = getattr(vars(cls).get("Meta"), "unknown", None)
        if told is not None:
            return told  # type: ignore[no-any-return]
    return None


def tolerant(schema: Schema) -> Schema:
    """A copy that loads as the original does, but leaves unknown names out where nothing else is stated."""
    made = copy(schema)
    made.unknown = declared_unknown(schema) or EXCLUDE
    made.load_fields = type(schema.load_fields)(
        (name, _tolerant_field(field)) for name, field in schema.load_fields.items()
    )
    return made


def hook_kinds(schema: Schema) -> set[str]:
    """Kinds of the schema's own hooks that are in use, such as `pre_load` and `validates_schema`."""
    return {str(kind) for kind, used in schema._hooks.items() if used}


def inner_fields(field: "Field[Any]") -> Iterator["Field[Any]"]:
    """The fields that a container consists of; none for any other field."""
    match field:
        case fields.List():
            yield field.inner
        case fields.Tuple():
            yield from field.tuple_fields
        case fields.Mapping():
            yield from (each for each in (field.key_field, field.value_field) if each is not None)


def content_name(name: str, field: "Field[Any]") -> str:
    """A dotted attribute loads into a nested mapping, of which the first part is the content's name."""
    return (field.attribute or name).partition(".")[0]


class _Tolerant(fields.Nested):
    """Mixed into the class of a copied Nested field; the schema is copied when data first reaches it."""

    _tolerant: Schema | None = None

    @property
    def schema(self) -> Schema:
        if self._tolerant is None:
            self._tolerant = tolerant(super().schema)
        return self._tolerant


@cache
def _tolerant_class(cls: Any) -> Any:
    return type(cls.__name__, (_Tolerant, cls), {})


def _tolerant_field(field: "Field[Any]") -> "Field[Any]":
    if isinstance(field, fields.Nested):
        made = copy(field)
        made.__class__ = _tolerant_class(type(field))  # type: ignore[arg-type]
        return made
    if not any(_nests(each) for each in inner_fields(field)):
        return field
    made_of: Any = copy(field)
    match field:
        case fields.List():
            made_of.inner = _tolerant_field(field.inner)
        case fields.Tuple():
            made_of.tuple_fields = [_tolerant_field(each) for each in field.tuple_fields]
        case fields.Mapping():
            made_of.value_field = field.value_field and _tolerant_field(field.value_field)
    return made_of  # type: ignore[no-any-return]


def _nests(field: "Field[Any]") -> bool:
    return isinstance(field, fields.Nested) or any(_nests(each) for each in inner_fields(field))


Problems = dict[Any, Any]
"""Problems by name, index or key, as marshmallow nests them."""


class NestedNames:
    """Finds names in nested content that dumping would drop in silence.

    Not looked at: objects that are no mappings, and schemas that read content in a way of their own, by a
    `pre_dump` hook, `fields.Method`, `fields.Function` or `get_attribute`.
    """

    def __init__(self, schema: Schema) -> None:
        self._checks = [
            (content_name(name, field), field.data_key or name, check)
            for name, field in schema.dump_fields.items()
            if "." not in (field.attribute or "") and (check := _check(field))
        ]
        self._known = frozenset(content_name(*item) for item in schema.dump_fields.items()) | (
            # Left out by `only` or `exclude`: the author says so, and content may have them.
            type(schema)._declared_fields.keys() - schema.fields.keys()
        )
        self._read_otherwise = (
            PRE_DUMP in hook_kinds(schema) or type(schema).get_attribute is not Schema.get_attribute
        )
        self._open = any(
            isinstance(field, (fields.Method, fields.Function)) for field in schema.fields.values()
        )

    def unwritten(self, content: Any, unknown: str | None = RAISE) -> Problems:
        """What is wrong with this content; names of its own level only where `unknown` is not `exclude`."""
        if not isinstance(content, Mapping) or self._read_otherwise:
            return {}
        wrong: Problems = {}
        if unknown != EXCLUDE and not self._open:
            wrong = {name: [UNKNOWN] for name in content if name not in self._known}
        return wrong | self.below(content)

    def below(self, content: Mapping[str, Any]) -> Problems:
        """The same for what is nested in it alone."""
        wrong: Problems = {}
        if self._read_otherwise:
            return wrong
        for name, wire_name, check in self._checks:
            if content.get(name) is not None and (found := check(content[name])):
                wrong[wire_name] = found
        return wrong


def _check(field: "Field[Any]") -> Callable[[Any], Problems] | None:
    """How to check a value of this field, or None where nothing is nested in it."""
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
    """Checks values of one Nested field. Its schema is resolved when first needed: it may be its own."""

    def __init__(self, field: fields.Nested) -> None:
        self._field = field
        self._names: NestedNames | None = None

    def __call__(self, value: Any) -> Problems:
        try:
            schema = self._field.schema
        except Exception:  # a name that nobody declares; dumping tells so
            return {}
        if self._names is None:
            self._names = NestedNames(schema)
        names, unknown = self._names, self._field.unknown or declared_unknown(schema)
        if schema.many or self._field.many:
            return _each(lambda each: names.unwritten(each, unknown), value)
        return names.unwritten(value, unknown)


def _each(check: Callable[[Any], Problems], value: Any) -> Problems:
    """By index. Only what can be read twice is looked at, and a generator cannot."""
    values = value if isinstance(value, (list, tuple)) else ()
    return {index: found for index, each in enumerate(values) if (found := check(each))}


def _values(check: Callable[[Any], Problems], value: Any) -> Problems:
    items = value.items() if isinstance(value, Mapping) else ()
    return {key: {"value": found} for key, each in items if each is not None and (found := check(each))}


def _zipped(checks: list[Callable[[Any], Problems] | None], value: Any) -> Problems:
    values = value if isinstance(value, (list, tuple)) else ()
    pairs = enumerate(zip(checks, values, strict=False))
    return {index: found for index, (check, each) in pairs if check and (found := check(each))}
