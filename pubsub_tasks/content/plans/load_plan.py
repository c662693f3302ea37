"""How a schema loads plain content, worked out once: each field's names and the function that reads it.

Anything but the ordinary case is left to the schema, which then loads from the start: so errors are
marshmallow's own.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from marshmallow import INCLUDE, RAISE, Schema, fields, missing
from marshmallow.fields import Field

from ..copying import copy_value
from ..unknown_fields import POST_LOAD, PRE_LOAD, VALIDATES, VALIDATES_SCHEMA
from .plan import PLAIN, Convert, Plan, Surprise, check_depth, default, of_list, of_tuple, only
from .refusal import NESTED_FIELDS, PlanRefused, check_field, check_schema, content_key

_HOOKS = frozenset({PRE_LOAD, POST_LOAD, VALIDATES, VALIDATES_SCHEMA})


class LoadPlan(Plan):
    """How one schema loads. Loaded content shares no mutable value with its source."""

    def __init__(self, schema: Schema, unknown: str) -> None:
        """`unknown` is what becomes of unknown names: `raise`, `include` or `exclude`."""
        self._unknown = unknown
        super().__init__(schema)

    def schema(self, schema: Schema, path: tuple[str, ...]) -> Convert:
        """Return a function that loads content of a schema. Raises PlanRefused."""
        return self._schema(schema, self._unknown, path)

    def value(self, field: "Field[Any]", path: tuple[str, ...]) -> Convert:
        """Return a function that reads items of a collection, which may be None."""
        read = self._present(field, path)

        def read_item(value: Any) -> Any:
            if value is not None:
                return read(value)
            if not field.allow_none:
                raise Surprise
            return None

        return read_item

    def _schema(self, schema: Schema, unknown: str, path: tuple[str, ...]) -> Convert:
        check_schema(schema, _HOOKS)
        check_depth(path)
        if unknown == INCLUDE:
            raise PlanRefused(f"{type(schema).__name__} includes unknown names")
        steps = [self._step(name, field, (*path, name)) for name, field in schema.load_fields.items()]
        known = frozenset(wire_name for wire_name, *_ in steps) if unknown == RAISE else None

        def read(content: Any) -> dict[str, Any]:
            if type(content) is not dict or (known is not None and not content.keys() <= known):
                raise Surprise
            loaded = {}
            for wire_name, key, field, read_value in steps:
                value = content.get(wire_name, missing)
                if value is missing:
                    value = _missing(field)
                    if value is missing:
                        continue
                elif value is not None:
                    value = read_value(value)
                elif not field.allow_none:
                    raise Surprise
                loaded[key] = value
            return loaded

        return read

    def _step(
        self, name: str, field: "Field[Any]", path: tuple[str, ...]
    ) -> tuple[str, str, "Field[Any]", Convert]:
        check_field(".".join(path), field)
        wire_name = name if field.data_key is None else field.data_key
        return wire_name, content_key(name, field), field, self._present(field, path)

    def _present(self, field: "Field[Any]", path: tuple[str, ...]) -> Convert:
        """Return a function that deserializes and validates values other than None."""
        self.watch(field)
        read = self._unvalidated(field, path)
        validators = tuple(field.validators)
        if not validators:
            return read

        def read_validated(value: Any) -> Any:
            loaded = read(value)
            for validate in validators:
                validate(loaded)
            return loaded

        return read_validated

    def _unvalidated(self, field: "Field[Any]", path: tuple[str, ...]) -> Convert:
        match field:
            case fields.Nested() if type(field) in NESTED_FIELDS:
                return self._nested(field, path)
            case fields.List():
                return of_list(self.value(field.inner, path))
            case fields.Tuple():
                return of_tuple([self.value(each, path) for each in field.tuple_fields], list)
            case fields.Dict():
                return self.of_dict(field, path, _raw)
            case fields.Enum():
                self.watch(field.field)
        return _reader(field)

    def _nested(self, field: fields.Nested, path: tuple[str, ...]) -> Convert:
        schema = field.schema
        if field.many and not schema.many:
            raise PlanRefused(f"{'.'.join(path)} is for many, and its schema is not")
        read = self._schema(schema, field.unknown or schema.unknown, path)
        return of_list(read) if schema.many else read


def _reader(field: Any) -> Convert:
    reader: Callable[[Any], Convert] = _READERS.get(type(field), _as_field)
    return reader(field)


def _missing(field: "Field[Any]") -> Any:
    if field.required:
        raise Surprise
    return default(field.load_default)


def _as_field(field: "Field[Any]") -> Convert:
    return only(PLAIN, field._deserialize)


def _string(field: "Field[Any]") -> Convert:
    other = _as_field(field)
    return lambda value: value if type(value) is str else other(value)


def _uuid(field: "Field[Any]") -> Convert:
    other = _as_field(field)
    return lambda value: UUID(value) if type(value) is str else other(value)


def _integer(field: "Field[Any]") -> Convert:
    other = _as_field(field)
    return lambda value: value if type(value) is int else other(value)


def _float(field: "Field[Any]") -> Convert:
    other = _as_field(field)
    return lambda value: value if type(value) is float and isfinite(value) else other(value)


def _decimal(field: Any) -> Convert:
    other = _as_field(field)
    if field.places is not None or field.allow_nan:
        return other

    def read(value: Any) -> Any:
        if type(value) is not str:
            return other(value)
        number = Decimal(value)
        if not number.is_finite():
            raise Surprise
        return number

    return read


def _raw(value: Any) -> Any:
    if value is missing:
        raise Surprise
    return copy_value(value)


_READERS: Mapping[Any, Callable[[Any], Convert]] = {
    fields.Decimal: _decimal,
    fields.Email: _string,
    fields.Float: _float,
    fields.Integer: _integer,
    fields.Raw: lambda _: _raw,
    fields.String: _string,
    fields.Url: _string,
    fields.UUID: _uuid,
}
"""Fields of which the usual values are read without a call into marshmallow."""
