"""How a schema dumps plain content, worked out once: each field's names and the function that writes it.

Anything but the ordinary case is left to the schema, which then dumps from the start.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, missing
from marshmallow.fields import Field

from ..unknown_fields import POST_DUMP, PRE_DUMP
from .plan import PLAIN, Convert, Plan, Surprise, check_depth, default, of_list, of_tuple, only
from .refusal import NESTED_FIELDS, check_field, check_schema, content_key

_HOOKS = frozenset({PRE_DUMP, POST_DUMP})

_WRITABLE = PLAIN | {IPv4Address, IPv4Interface, IPv6Address, IPv6Interface}


class DumpPlan(Plan):
    """How one schema dumps."""

    def schema(self, schema: Schema, path: tuple[str, ...]) -> Convert:
        """Return a function that dumps content of a schema. Raises PlanRefused."""
        check_schema(schema, _HOOKS)
        check_depth(path)
        self.watch(schema)
        steps = [self._step(name, field, (*path, name)) for name, field in schema.dump_fields.items()]

        def write(content: Any) -> dict[str, Any]:
            if type(content) is not dict:
                raise Surprise
            dumped = {}
            for key, wire_name, field, write_value in steps:
                value = content.get(key, missing)
                if value is missing:
                    value = default(field.dump_default)
                    if value is missing:
                        continue
                dumped[wire_name] = None if value is None else write_value(value)
            return dumped

        return write

    def value(self, field: "Field[Any]", path: tuple[str, ...]) -> Convert:
        """Return a function that writes items of a collection, which may be None."""
        write = self._present(field, path)
        return lambda value: None if value is None else write(value)

    def _step(
        self, name: str, field: "Field[Any]", path: tuple[str, ...]
    ) -> tuple[str, str, "Field[Any]", Convert]:
        check_field(".".join(path), field)
        wire_name = name if field.data_key is None else field.data_key
        return content_key(name, field), wire_name, field, self._present(field, path)

    def _present(self, field: "Field[Any]", path: tuple[str, ...]) -> Convert:
        """Return a function that serializes values other than None."""
        self.watch(field)
        match field:
            case fields.Nested() if type(field) in NESTED_FIELDS:
                write = self.schema(field.schema, path)
                return of_list(write) if field.schema.many or field.many else write
            case fields.List():
                return of_list(self.value(field.inner, path))
            case fields.Tuple():
                return of_tuple([self.value(each, path) for each in field.tuple_fields], list, tuple)
            case fields.Dict():
                return self.of_dict(field, path, _raw)
            case fields.Enum():
                self.watch(field.field)
                return only(frozenset({field.enum}), field._serialize)
        return _writer(field)


def _writer(field: Any) -> Convert:
    writer: Callable[[Any], Convert] = _WRITERS.get(type(field), _as_field)
    return writer(field)


def _as_field(field: "Field[Any]") -> Convert:
    return only(_WRITABLE, field._serialize)


def _string(field: "Field[Any]") -> Convert:
    other = _as_field(field)
    return lambda value: value if type(value) is str else other(value)


def _uuid(field: "Field[Any]") -> Convert:
    other = _as_field(field)
    return lambda value: str(value) if type(value) in (UUID, str) else other(value)


def _decimal(field: Any) -> Convert:
    other = _as_field(field)
    if field.places is not None or field.allow_nan or not field.as_string:
        return other

    def write(value: Any) -> Any:
        if type(value) is Decimal:
            return format(value, "f")
        return format(Decimal(value), "f") if type(value) is str else other(value)

    return write


def _raw(value: Any) -> Any:
    return value


_WRITERS: Mapping[Any, Callable[[Any], Convert]] = {
    fields.Decimal: _decimal,
    fields.Email: _string,
    fields.Raw: lambda _: _raw,
    fields.String: _string,
    fields.Url: _string,
    fields.UUID: _uuid,
}
"""Fields of which the usual values are written without a call into marshmallow."""
