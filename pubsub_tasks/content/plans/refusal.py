"""Decides whether a schema and its fields do only what a plan does, and says why not.

A plan is refused at the least doubt: for hooks, overridden and patched methods, subclassed fields, functions
as validators, and whatever is not known to have no effect beside its result. A surprise while a plan runs
makes marshmallow start again, so a plan must not call code that could tell.
"""

from collections.abc import Iterator
from enum import Enum, EnumMeta
from typing import Any

from marshmallow import Schema, fields, validate
from marshmallow.fields import Field

from ..unknown_fields import hook_kinds, inner_fields, member, tolerant_class

PLAIN_FIELDS: frozenset[Any] = frozenset(
    {
        fields.AwareDateTime,
        fields.Boolean,
        fields.Date,
        fields.DateTime,
        fields.Decimal,
        fields.Email,
        fields.Float,
        fields.IP,
        fields.IPInterface,
        fields.IPv4,
        fields.IPv4Interface,
        fields.IPv6,
        fields.IPv6Interface,
        fields.Integer,
        fields.NaiveDateTime,
        fields.String,
        fields.Time,
        fields.TimeDelta,
        fields.Url,
        fields.UUID,
    }
)
"""Fields of one value, without code or fields of the application's in them."""

NESTED_FIELDS: frozenset[Any] = frozenset({fields.Nested, tolerant_class(fields.Nested)})

_BASIC_FIELDS = PLAIN_FIELDS | {fields.Raw}

_FIELDS = _BASIC_FIELDS | NESTED_FIELDS | {fields.Dict, fields.Enum, fields.List, fields.Tuple}

_VALIDATORS: frozenset[Any] = frozenset(
    {
        validate.ContainsNoneOf,
        validate.ContainsOnly,
        validate.Email,
        validate.Equal,
        validate.Length,
        validate.NoneOf,
        validate.OneOf,
        validate.Range,
        validate.Regexp,
        validate.URL,
    }
)

_OVERRIDABLE = frozenset(
    {
        "Meta",
        "OPTIONS_CLASS",
        "_abc_impl",
        "_declared_fields",
        "_hooks",
        "dumps",
        "error_messages",
        "from_dict",
        "handle_error",
        "loads",
        "on_bind_field",
        "opts",
        "validate",
    }
)
"""Attributes of Schema that do not take part in loading or dumping without errors."""

_SET_ON_FIELDS = frozenset({"falsy", "name", "parent", "root", "truthy"})
"""Class attributes of fields that their instances set."""


class PlanRefused(Exception):
    """No plan can be made; the message is the reason."""


def check_schema(schema: Schema, hooks: frozenset[str]) -> None:
    """Raise PlanRefused if the schema does more than its fields do. `hooks` are the kinds that matter."""
    name = type(schema).__name__
    if used := hook_kinds(schema) & hooks:
        raise PlanRefused(f"{name} has a {min(used)} hook")
    if changed := next(_overridden(schema), None):
        raise PlanRefused(f"{name} has a {changed} of its own")
    if schema.dict_class is not dict:
        raise PlanRefused(f"{name} makes a {schema.dict_class.__name__}, not a dict")
    if schema.partial not in (None, False):
        raise PlanRefused(f"{name} is partial")
    if getattr(schema, "context", None):
        raise PlanRefused(f"{name} has a context")


def check_field(name: str, field: "Field[Any]") -> None:
    """Raise PlanRefused if the field, or one inside of it, is not one of marshmallow's own as it came.

    Nested schemas are not looked at.
    """
    cls: Any = type(field)
    if cls not in _FIELDS:
        raise PlanRefused(f"{name} is a {cls.__name__}, whose code is not known here")
    if changed := next(_patched(cls), None) or next(_set_methods(field), None):
        raise PlanRefused(f"{name} has a {changed} of its own")
    if getattr(field, "pre_load", None) or getattr(field, "post_load", None):
        raise PlanRefused(f"{name} has a function in pre_load or post_load")
    for validator in field.validators:
        if type(validator) not in _VALIDATORS:
            raise PlanRefused(f"{name} has a validator of the application's: {_name_of(validator)}")
    if isinstance(field, fields.Enum):
        _check_enum(name, field)
    for each in inner_fields(field):
        check_field(f"{name}[]", each)


def content_key(name: str, field: "Field[Any]") -> str:
    """Return the field's key in content. Raises PlanRefused if it is a path into nested mappings."""
    key = name if field.attribute is None else field.attribute
    if not isinstance(key, str) or not key or "." in key:
        raise PlanRefused(f"{name} is at {key!r} in content, which is not one key")
    return key


def _check_enum(name: str, field: "fields.Enum[Any]") -> None:
    finds: Any = field.enum._missing_
    if type(field.enum) is not EnumMeta or finds.__func__ is not vars(Enum)["_missing_"].__func__:
        raise PlanRefused(f"{name}: {field.enum.__name__} finds its members with code of its own")
    values: Any = type(field.field)
    if values not in _BASIC_FIELDS:
        raise PlanRefused(f"{name} has the values of a {values.__name__}")
    check_field(name, field.field)


def _overridden(schema: Schema) -> Iterator[str]:
    """Yield the names of what a schema's class, or the schema, has instead of marshmallow's own."""
    if type(schema).__getattribute__ is not object.__getattribute__:
        yield "__getattribute__"
    ours = {each for each in dir(Schema) if not each.startswith("__")} - _OVERRIDABLE
    for cls in type(schema).__mro__[: type(schema).__mro__.index(Schema)]:
        yield from sorted(vars(cls).keys() & ours)
    set_on_it = {name for name, value in vars(schema).items() if value is not member}
    yield from sorted(set_on_it & ours - vars(Schema()).keys())
    yield from _patched(Schema)


def _set_methods(field: "Field[Any]") -> Iterator[str]:
    yield from sorted((vars(field).keys() & set(dir(type(field)))) - _SET_ON_FIELDS)


def _patched(cls: type) -> Iterator[str]:
    """Yield the names of functions in a class of marshmallow's that are defined in another module."""
    for each in cls.__mro__:
        if not each.__module__.startswith("marshmallow."):
            continue
        for name, value in vars(each).items():
            function = getattr(value, "fget", None) or getattr(value, "__func__", value)
            if callable(function) and not isinstance(function, type):
                home = getattr(function, "__globals__", {}).get("__name__")
                if home != each.__module__:
                    yield name


def _name_of(validator: Any) -> str:
    return str(getattr(validator, "__qualname__", type(validator).__qualname__))
