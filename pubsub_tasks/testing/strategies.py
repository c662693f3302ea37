"""Hypothesis strategies from schemas, for property tests of handlers. Needs the extra `hypothesis`."""

import string
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from decimal import Decimal
from ipaddress import ip_interface
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from marshmallow.fields import Field

from ..content.codec import Codec
from ..content.post_load_objects import by_field_name
from ..content.unknown_fields import content_name
from ..errors import ConfigurationError, MissingExtra, PubSubTasksError

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError as error:
    raise MissingExtra("pubsub_tasks.testing.strategies", "hypothesis") from error

Strategy = SearchStrategy[Any]

_CHARACTERS = st.characters(exclude_categories=["Cs"])  # lone surrogates, which no message can carry
_TEXT = st.text(_CHARACTERS, max_size=50)
_KEYS = st.text(string.ascii_letters, min_size=1, max_size=8)
_JSON = st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | _TEXT


def from_schema(schema: type[Schema], /, **given: Strategy) -> SearchStrategy[dict[str, Any]]:
    """Content of a schema by field name, as a handler receives it: `handler(**content)`.

    All of it can be published. A field that is neither required nor has a default is left out at times.

    Args:
        schema: the schema.
        given: strategies of fields, instead of those made from their types and validators.

    Raises ConfigurationError for a field of a type that is not known, and for a name that is no field.
    """
    codec = Codec(schema)
    if unknown := given.keys() - codec.field_names:
        raise ConfigurationError(f"{schema.__name__} has no field {', '.join(sorted(unknown))}")
    content = _content(codec.schema, given)
    return content.filter(lambda made: _can_be_published(codec, made)).map(
        lambda made: _received(codec, made)
    )


def _content(schema: Schema, given: Mapping[str, Strategy]) -> SearchStrategy[dict[str, Any]]:
    loaded = {
        content_name(name, field): field
        for name, field in schema.load_fields.items()
        if content_name(name, field) in given or name in schema.dump_fields
    }
    chosen = {name: given[name] if name in given else _values(name, field) for name, field in loaded.items()}
    required = {name: values for name, values in chosen.items() if loaded[name].required}
    optional = {name: values for name, values in chosen.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


def _can_be_published(codec: Codec, content: dict[str, Any]) -> bool:
    try:
        codec.dump(content)
    except PubSubTasksError:
        return False
    return True


def _received(codec: Codec, content: dict[str, Any]) -> dict[str, Any]:
    return dict(by_field_name(codec.load(codec.dump(content)), codec.field_names))


def _values(name: str, field: "Field[Any]") -> Strategy:
    one_of = next((each for each in field.validators if type(each) is validate.OneOf), None)
    equal = next((each for each in field.validators if isinstance(each, validate.Equal)), None)
    if equal is not None:
        values: Strategy = st.just(equal.comparable)
    elif one_of is not None:
        values = st.sampled_from(list(one_of.choices))
    else:
        values = _unvalidated(name, field)
    values = values.filter(lambda value: _is_valid(field, value))
    return st.none() | values if field.allow_none else values


def _is_valid(field: "Field[Any]", value: Any) -> bool:
    try:
        for validator in field.validators:
            validator(value)
    except ValidationError:
        return False
    return True


def _unvalidated(name: str, field: "Field[Any]") -> Strategy:
    for kind in type(field).__mro__:
        if kind in _BY_TYPE:
            return _BY_TYPE[kind](field)
    raise ConfigurationError(
        f"no strategy is known for {name!r}, a {type(field).__name__}: give one, as in "
        f"from_schema(..., {name}=st.text())"
    )


def _bounds(field: "Field[Any]", kind: Callable[[Any], Any]) -> dict[str, Any]:
    ranges = [each for each in field.validators if isinstance(each, validate.Range)]
    low = max((kind(each.min) for each in ranges if each.min is not None), default=None)
    high = min((kind(each.max) for each in ranges if each.max is not None), default=None)
    return {"min_value": low, "max_value": high}


def _sizes(field: "Field[Any]", default_max: int) -> tuple[int, int]:
    lengths = [each for each in field.validators if isinstance(each, validate.Length)]
    exact = [each.equal for each in lengths if each.equal is not None]
    low = max([each.min for each in lengths if each.min is not None] + exact, default=0)
    high = min([each.max for each in lengths if each.max is not None] + exact, default=max(default_max, low))
    return low, high


def _list(field: Any) -> Strategy:
    low, high = _sizes(field, 5)
    only = next((each for each in field.validators if isinstance(each, validate.ContainsOnly)), None)
    items = _values("items", field.inner) if only is None else st.sampled_from(list(only.choices))
    return st.lists(items, min_size=low, max_size=high)


def _text(field: "Field[Any]") -> Strategy:
    for validator in field.validators:
        if type(validator) in _BY_VALIDATOR:
            return _BY_VALIDATOR[type(validator)](validator)
    pattern = next((each.regex for each in field.validators if isinstance(each, validate.Regexp)), None)
    if pattern is not None:
        return st.from_regex(pattern)
    low, high = _sizes(field, 50)
    return st.text(_CHARACTERS, min_size=low, max_size=high)


def _decimal(number: object) -> Decimal:
    return Decimal(str(number))


def _decimals(field: Any) -> Strategy:
    places = 2 if field.places is None else -int(field.places.as_tuple().exponent)  # as marshmallow keeps it
    limits = {"min_value": -(10**12), "max_value": 10**12}
    bounds = {name: bound for name, bound in _bounds(field, _decimal).items() if bound is not None}
    bounds = {**limits, **bounds}
    return st.decimals(**bounds, places=places, allow_nan=False, allow_infinity=False)


def _nested(field: Any) -> Strategy:
    content = st.deferred(lambda: _content(field.schema, {}))
    return st.lists(content, max_size=3) if field.many else content


def _urls(of: Any) -> Strategy:
    return st.builds("{}://{}.example/{}".format, st.sampled_from(sorted(of.schemes)), _KEYS, _KEYS)


def _interfaces(**version: Any) -> Strategy:
    return st.ip_addresses(**version).map(lambda ip: ip_interface(f"{ip}/24"))


_BY_VALIDATOR: dict[type, Callable[[Any], Strategy]] = {
    validate.Email: lambda validator: st.emails(),
    validate.URL: _urls,
}


_BY_TYPE: dict[type, Callable[[Any], Strategy]] = {
    fields.Boolean: lambda field: st.booleans(),
    fields.Constant: lambda field: st.just(field.constant),
    fields.Date: lambda field: st.dates(),
    fields.AwareDateTime: lambda field: st.datetimes(timezones=st.just(UTC)),
    fields.DateTime: lambda field: st.datetimes(),
    fields.Decimal: _decimals,
    fields.Dict: lambda field: st.dictionaries(
        _values("keys", field.key_field) if field.key_field else _KEYS,
        _values("values", field.value_field) if field.value_field else _JSON,
        max_size=3,
    ),
    fields.Enum: lambda field: st.sampled_from(list(field.enum)),
    fields.Float: lambda field: st.floats(**_bounds(field, float), allow_nan=False, allow_infinity=False),
    fields.IPInterface: lambda field: _interfaces(),
    fields.IPv4Interface: lambda field: _interfaces(v=4),
    fields.IPv6Interface: lambda field: _interfaces(v=6),
    fields.IPv4: lambda field: st.ip_addresses(v=4),
    fields.IPv6: lambda field: st.ip_addresses(v=6),
    fields.IP: lambda field: st.ip_addresses(),
    fields.Integer: lambda field: st.integers(**_bounds(field, int)),
    fields.List: _list,
    fields.Nested: _nested,
    fields.Raw: lambda field: _JSON,
    fields.String: _text,
    fields.Time: lambda field: st.times(),
    fields.TimeDelta: lambda field: st.integers(-(10**6), 10**6).map(
        lambda number: timedelta(**{field.precision: number})
    ),
    fields.Tuple: lambda field: st.tuples(*[_values("items", each) for each in field.tuple_fields]),
    fields.UUID: lambda field: st.uuids(),
}
