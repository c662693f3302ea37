"""From a function's annotations to the marshmallow fields that take such values."""

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, is_typeddict
from uuid import UUID

from marshmallow import fields

from ..errors import ConfigurationError
from ..tasks.signature import evaluated_signature

_EMPTY = inspect.Parameter.empty
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

_FIELDS: Mapping[Any, str] = {
    str: "fields.String",
    int: "fields.Integer",
    float: "fields.Float",
    bool: "fields.Boolean",
    UUID: "fields.UUID",
    datetime: "fields.DateTime",
    date: "fields.Date",
    time: "fields.Time",
    timedelta: "fields.TimeDelta",
    Any: "fields.Raw",
    object: "fields.Raw",
    _EMPTY: "fields.Raw",
}
_JSON_SCALARS = frozenset({str, int, float, bool})
_LISTS = (list, tuple, set, frozenset, Sequence)
_DICTS = (dict, Mapping)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field: its class as source code, and its arguments, those that are source code themselves apart.

    Attributes:
        kind: such as `fields.Integer`.
        inner: the fields in it: of a list's items, of a dict's keys and values.
        arguments: arguments by name, as Python values.
    """

    kind: str
    inner: tuple["FieldSpec", ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def having(self, **arguments: Any) -> "FieldSpec":
        """Return the field with more arguments."""
        return FieldSpec(self.kind, self.inner, {**self.arguments, **arguments})

    def make(self) -> "fields.Field[Any]":
        """Return the marshmallow field."""
        made: Callable[..., fields.Field[Any]] = getattr(fields, self.kind.removeprefix("fields."))
        if self.kind == "fields.Dict":
            return made(**_keys_and_values([each.make() for each in self.inner]), **self.arguments)
        return made(*[each.make() for each in self.inner], **self.arguments)


def field_specs(function: Callable[..., Any], *, bound: bool = False) -> dict[str, FieldSpec]:
    """Return the field of each parameter of a function.

    A parameter without a default is required. `bound` leaves out the first, Celery's `self`.
    Raises ConfigurationError for a parameter that no field can stand for.
    """
    parameters = list(evaluated_signature(function).parameters.values())[1 if bound else 0 :]
    return {parameter.name: _of_parameter(parameter) for parameter in parameters}


def _of_parameter(parameter: inspect.Parameter) -> FieldSpec:
    if parameter.kind not in _BY_NAME:
        raise ConfigurationError(
            f"a message has fields by name, and the function takes {parameter}: name each argument"
        )
    spec = _of_annotation(parameter.annotation, parameter.name)
    if parameter.default is _EMPTY:
        return spec.having(required=True)
    spec = spec.having(load_default=parameter.default)
    return spec.having(allow_none=True) if parameter.default is None else spec


def _of_annotation(annotation: Any, name: str) -> FieldSpec:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of_annotation(args[0], name)
    if origin in (Union, types.UnionType):
        return _of_union(args, annotation, name)
    if origin is Literal:
        return FieldSpec("fields.Raw")
    if annotation is Decimal:
        return FieldSpec("fields.Decimal", arguments={"as_string": True})
    if annotation in _FIELDS:
        return FieldSpec(_FIELDS[annotation])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return FieldSpec("fields.Enum", arguments={"enum": annotation})
    return _of_collection(origin or annotation, args, annotation, name)


def _of_union(args: Sequence[Any], annotation: Any, name: str) -> FieldSpec:
    others = [each for each in args if each is not type(None)]
    if _JSON_SCALARS.issuperset(others) and len(others) > 1:
        spec = FieldSpec("fields.Raw")
    elif len(others) == 1:
        spec = _of_annotation(others[0], name)
    else:
        raise _unknown(annotation, name)
    return spec.having(allow_none=True) if len(others) < len(args) else spec


def _of_collection(origin: Any, args: Sequence[Any], annotation: Any, name: str) -> FieldSpec:
    items = [each for each in args if each is not Ellipsis]
    if origin in _LISTS or getattr(origin, "__origin__", origin) in _LISTS:
        if len(items) > 1:
            raise _unknown(annotation, name)
        return FieldSpec("fields.List", (_of_annotation(items[0] if items else Any, name),))
    if origin in _DICTS or is_typeddict(origin):
        return FieldSpec("fields.Dict", tuple(_of_annotation(each, name) for each in items))
    raise _unknown(annotation, name)


def _keys_and_values(inner: Sequence["fields.Field[Any]"]) -> dict[str, "fields.Field[Any]"]:
    return dict(zip(("keys", "values"), inner, strict=False))


def _unknown(annotation: Any, name: str) -> ConfigurationError:
    shown = inspect.formatannotation(annotation)
    return ConfigurationError(
        f"no field for parameter {name!r} of type {shown}: annotate it with a type that JSON can carry, or "
        "declare a schema and use @task(Schema)"
    )
