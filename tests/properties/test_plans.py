"""Plans convert what marshmallow converts, to the same values and types, and leave all else to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import ip_address, ip_interface
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import EXCLUDE, RAISE, Schema, fields, missing, validate

from pubsub_tasks.content.conversion import Conversion
from pubsub_tasks.content.copying import copy_value
from pubsub_tasks.content.unknown_fields import tolerant


class Colour(Enum):
    RED = "r"
    GREEN = None


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Odd(str):
    """Text of the application's."""

    __slots__ = ()


@dataclass(frozen=True)
class Kind:
    """A kind of field: how it is made, what it reads, and what it writes."""

    make: Callable[..., "fields.Field[Any]"]
    options: tuple[dict[str, Any], ...]
    read: st.SearchStrategy[Any]
    written: st.SearchStrategy[Any]


texts = st.text(max_size=4) | st.sampled_from(["a", "aa", "true", "1", "r", "1.0", "\ud800", "a@b.de"])
numbers = st.integers() | st.floats() | st.sampled_from(["1", "1.5", "-0", "NaN", "1e400", 0, 1, -0.0, True])
decimals = (
    st.decimals() | st.decimals(places=2, allow_nan=False) | st.sampled_from(["9.99", "sNaN", "1_0", 7])
)
uuids = st.uuids()
moments = st.datetimes() | st.datetimes(timezones=st.just(UTC))
addresses = st.ip_addresses()
odd = st.sampled_from(
    [None, "", "x", b"a", 0, 1.5, True, [], {}, [None], {"a": 1}, Odd("a"), missing, object]
)
NO = ({},)

LEAVES = [
    Kind(
        fields.String,
        ({}, {"validate": validate.Length(max=2)}, {"validate": [validate.OneOf(["a", "1"])]}),
        texts,
        texts,
    ),
    Kind(fields.UUID, NO, uuids.map(str) | texts, uuids | uuids.map(str)),
    Kind(fields.Integer, ({}, {"strict": True}, {"as_string": True}), numbers, numbers),
    Kind(fields.Float, ({}, {"allow_nan": True}, {"as_string": True}), numbers, numbers),
    Kind(
        fields.Decimal,
        ({"as_string": True}, {}, {"places": 1, "as_string": True}, {"allow_nan": True, "as_string": True}),
        decimals.map(str) | numbers,
        decimals | numbers,
    ),
    Kind(
        fields.Boolean, ({}, {"truthy": {"a"}, "falsy": {"x"}}), st.booleans() | texts, st.booleans() | texts
    ),
    Kind(
        fields.DateTime,
        ({}, {"format": "rfc"}, {"format": "timestamp"}, {"format": "%d.%m.%Y"}),
        moments.map(datetime.isoformat) | numbers | st.just("01.02.2003"),
        moments,
    ),
    Kind(fields.NaiveDateTime, ({}, {"timezone": UTC}), moments.map(datetime.isoformat), moments),
    Kind(
        fields.AwareDateTime,
        ({}, {"default_timezone": timezone(timedelta(hours=2))}),
        moments.map(datetime.isoformat),
        moments,
    ),
    Kind(fields.Date, NO, st.dates().map(date.isoformat) | texts, st.dates() | moments),
    Kind(fields.Time, NO, st.times().map(time.isoformat) | texts, st.times()),
    Kind(fields.TimeDelta, ({}, {"precision": "days"}), numbers, st.timedeltas()),
    Kind(fields.Email, NO, texts, texts),
    Kind(fields.Url, NO, texts | st.just("http://localhost/"), texts),
    Kind(fields.IP, NO, addresses.map(str), addresses),
    Kind(fields.IPInterface, NO, addresses.map(str), addresses.map(ip_interface)),
    Kind(fields.IPv4, NO, addresses.map(str) | st.just("127.0.0.1"), st.just(ip_address("127.0.0.1"))),
    Kind(
        lambda **options: fields.Enum(Colour, **options),
        ({}, {"by_value": True}),
        st.sampled_from(["RED", "r", "GREEN", "name", "__class__"]),
        st.sampled_from([*Colour, Level.LOW]),
    ),
    Kind(
        lambda **options: fields.Enum(Level, **options),
        ({"by_value": True}, {"by_value": fields.Integer}),
        numbers,
        st.sampled_from(Level),
    ),
    Kind(fields.Raw, NO, odd | numbers, odd | numbers),
]

COMMON = (
    *({} for _ in range(6)),
    {"required": True},
    {"allow_none": True},
    {"load_default": None},
    {"load_default": "d", "dump_default": "d"},
    {"load_default": list, "dump_default": 5},
    {"load_default": lambda: "called", "dump_default": lambda: "called"},
    {"data_key": "wire name"},
    {"attribute": "other"},
    {"load_only": True},
    {"dump_only": True},
)


@dataclass(frozen=True)
class Described:
    """A field, and what is read and written by it."""

    field: "fields.Field[Any]"
    read: st.SearchStrategy[Any]
    written: st.SearchStrategy[Any]


@st.composite
def leaves(draw: st.DrawFn, common: tuple[dict[str, Any], ...] = COMMON) -> Described:
    kind = draw(st.sampled_from(LEAVES))
    options = draw(st.sampled_from(kind.options)) | draw(st.sampled_from(common))
    return Described(kind.make(**options), kind.read | odd, kind.written | odd)


@st.composite
def containers(draw: st.DrawFn, inner: st.SearchStrategy[Described]) -> Described:
    each, options = draw(inner), draw(st.sampled_from(COMMON))
    match draw(st.sampled_from(["list", "dict", "values", "keys", "tuple", "nested", "many", "instance"])):
        case "list":
            return Described(fields.List(each.field, **options), lists(each.read), lists(each.written))
        case "dict":
            return Described(fields.Dict(**options), dicts(each.read), dicts(each.written))
        case "values":
            field = fields.Dict(values=each.field, **options)
            return Described(field, dicts(each.read), dicts(each.written))
        case "keys":
            field = fields.Dict(keys=fields.String(validate=validate.Length(max=2)), **options)
            return Described(field, dicts(each.read), dicts(each.written))
        case "tuple":
            field = fields.Tuple((each.field, fields.String()), **options)
            read = st.tuples(each.read, texts).map(list)
            return Described(field, read | odd, read | st.tuples(each.written, texts) | odd)
    schema = draw(schemas(inner))
    unknown = draw(st.sampled_from([None, RAISE, EXCLUDE]))
    return nested(draw, schema, unknown, options)


def nested(draw: st.DrawFn, schema: "DescribedSchema", unknown: Any, options: dict[str, Any]) -> Described:
    many = draw(st.booleans())
    inner: Any = draw(st.sampled_from([schema.cls, lambda: schema.cls(many=many)]))
    if many:
        field = fields.Nested(inner, many=True, unknown=unknown, **options)
        return Described(field, lists(schema.read), lists(schema.written))
    return Described(
        fields.Nested(inner, unknown=unknown, **options), schema.read | odd, schema.written | odd
    )


def lists(each: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(each, max_size=2) | odd


def dicts(each: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(["a", "bb", "ccc", 1]), each, max_size=2) | odd


@dataclass(frozen=True)
class DescribedSchema:
    """A schema, and what is read and written by it."""

    cls: type[Schema]
    read: st.SearchStrategy[Any]
    written: st.SearchStrategy[Any]


@st.composite
def schemas(draw: st.DrawFn, inner: st.SearchStrategy[Described]) -> DescribedSchema:
    described = {
        name: draw(inner) for name in draw(st.sets(st.sampled_from(["x", "y", "items"]), min_size=1))
    }
    taken: set[Any] = set()
    for each in list(described):  # a second field of the same key is refused by marshmallow itself
        field = described[each].field
        key = field.data_key or field.attribute
        if key in taken:
            del described[each]
        taken |= {key} - {None}
    meta: dict[str, Any] = {"register": False}
    if unknown := draw(st.sampled_from([None, RAISE, EXCLUDE])):
        meta["unknown"] = unknown
    members = {name: each.field for name, each in described.items()}
    cls = type("Generated", (Schema,), {**members, "Meta": type("Meta", (), meta)})
    read = {each.field.data_key or name: each.read for name, each in described.items()}
    written = {each.field.attribute or name: each.written for name, each in described.items()}
    return DescribedSchema(cls, some(read), some(written))


def some(entries: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Most of the entries, and at times one that no schema knows."""
    every = st.fixed_dictionaries(entries, optional={"unheard of": odd})
    return every | st.fixed_dictionaries({}, optional={**entries, "unheard of": odd})


VALUES: list[Any] = [
    *(None, "", "a", "aaa", "1", "1.55", "1_0", "NaN", "Infinity", "true", "r", "RED", "a@b.de", "127.0.0.1"),
    *(0, 1, -1, 1.55, 0.0, -0.0, float("nan"), float("inf"), True, False, b"a", Odd("1"), missing, object),
    *(Decimal("1.55"), Decimal("sNaN"), UUID(int=1), str(UUID(int=1)), *Colour, *Level),
    *(datetime(2003, 2, 1), datetime(2003, 2, 1, tzinfo=UTC), date(2003, 2, 1), time(1), timedelta(days=1)),
    *("2003-02-01T00:00:00", "2003-02-01T00:00:00+00:00", "2003-02-01", "01:00:00", "01.02.2003"),
    *([], ["a"], {}, {"a": ["a"]}, ip_address("127.0.0.1"), ip_interface("127.0.0.1/8")),
]


@pytest.mark.parametrize("number", range(len(LEAVES)))
@pytest.mark.parametrize("common", [{}, {"allow_none": True}, {"load_default": None, "dump_default": None}])
def test_each_field_alone_and_in_collections_is_as_in_marshmallow(
    number: int, common: dict[str, Any]
) -> None:
    for options in LEAVES[number].options:
        inner = LEAVES[number].make(**options, **common)
        for field in (inner, fields.List(inner), fields.Dict(values=inner), fields.Tuple([inner])):
            cls = Schema.from_dict({"x": field})
            conversion, expected = Conversion(cls()), tolerant(cls())
            for value in VALUES:
                for content in ({}, {"x": value}, {"x": [value]}, {"x": {"a": value}}):
                    loaded = outcome(expected.load, content, unknown=EXCLUDE)
                    assert outcome(conversion.load, content) == loaded
                    assert outcome(conversion.dump, content) == outcome(expected.dump, content)


generated = schemas(st.recursive(leaves(), containers, max_leaves=4))


@given(st.data())
def test_what_a_plan_loads_marshmallow_loads_the_same(data: st.DataObject) -> None:
    schema = data.draw(generated)
    conversion, reader = Conversion(schema.cls()), tolerant(schema.cls())

    for content in data.draw(st.lists(schema.read | odd, min_size=3, max_size=3)):
        expected = outcome(reader.load, copy_value(content), unknown=conversion.unknown)

        assert outcome(conversion.load, content) == expected
    assert conversion.load_plan.refusal is None


@given(st.data())
def test_what_a_plan_dumps_marshmallow_dumps_the_same(data: st.DataObject) -> None:
    schema = data.draw(generated)
    conversion, writer = Conversion(schema.cls()), tolerant(schema.cls())

    for content in data.draw(st.lists(schema.written | odd, min_size=3, max_size=3)):
        assert outcome(conversion.dump, content) == outcome(writer.dump, content)
    assert conversion.dump_plan.refusal is None


def outcome(convert: Callable[..., Any], content: Any, **options: Any) -> Any:
    """What came of it, with the types of all values and the order of all keys."""
    try:
        return shape(convert(content, **options))
    except Exception as error:
        return type(error), str(error)


def shape(value: Any) -> Any:
    if type(value) is dict:
        return [(shape(key), shape(each)) for key, each in value.items()]
    if type(value) in (list, tuple):
        return type(value), [shape(each) for each in value]
    return type(value), repr(value)
