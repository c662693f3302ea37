"""Plans convert ordinary content, are given up when the schema changes, and call no code twice."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from marshmallow import Schema, ValidationError, fields, validate

from pubsub_tasks.content.conversion import Conversion

ORDER_ID = UUID(int=7)


class Line(Schema):
    sku = fields.String(required=True)
    count = fields.Integer(load_default=1, validate=validate.Range(min=1))


class Order(Schema):
    order_id = fields.UUID(required=True)
    total = fields.Decimal(as_string=True, data_key="sum")
    lines = fields.List(fields.Nested(Line))
    notes = fields.Dict(keys=fields.String(), values=fields.Raw(), allow_none=True)
    more = fields.Nested(Line, many=True)
    size = fields.Tuple((fields.Integer(), fields.String(allow_none=True)))
    note = fields.String(allow_none=True)


WIRE = {
    "order_id": str(ORDER_ID),
    "sum": "9.99",
    "lines": [{"sku": "a", "count": 2}, {"sku": "b"}],
    "notes": {"a": [1]},
    "more": [{"sku": "c", "count": 3}],
    "size": [1, None],
    "note": None,
    "unheard of": 1,
}
CONTENT = {
    "order_id": ORDER_ID,
    "total": Decimal("9.99"),
    "lines": [{"sku": "a", "count": 2}, {"sku": "b", "count": 1}],
    "notes": {"a": [1]},
    "more": [{"sku": "c", "count": 3}],
    "size": (1, None),
    "note": None,
}


def test_ordinary_content_is_converted_without_marshmallow() -> None:
    conversion = Conversion(Order())

    loaded = conversion.load_plan.convert(WIRE)

    assert loaded == CONTENT == Order(unknown="exclude").load(WIRE | {"lines": CONTENT["lines"]})
    assert conversion.dump_plan.convert(CONTENT) == Order().dump(CONTENT)
    assert loaded is not None
    assert loaded["notes"]["a"] is not WIRE["notes"]["a"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, {"order_id": ["Missing data for required field."]}),
        ({"order_id": None}, {"order_id": ["Field may not be null."]}),
        ({"order_id": "7"}, {"order_id": ["Not a valid UUID."]}),
        ({"order_id": str(ORDER_ID), "lines": [{"sku": "a", "count": 0}]}, {"lines": ...}),
        ([], {"_schema": ["Invalid input type."]}),
    ],
)
def test_what_is_wrong_is_told_by_marshmallow(given: Any, wrong: dict[str, Any]) -> None:
    conversion = Conversion(Order())

    assert conversion.load_plan.convert(given) is None
    with pytest.raises(ValidationError) as raised:
        conversion.load(given)

    assert raised.value.messages_dict.keys() == wrong.keys()
    assert raised.value.messages == Order(unknown="exclude").validate(given)


class Shown:
    """A value that counts how often it is written."""

    def __init__(self) -> None:
        self.times = 0

    def __str__(self) -> str:
        self.times += 1
        return "shown"


def test_an_object_of_the_applications_is_asked_once() -> None:
    schema, shown = Schema.from_dict({"a": fields.UUID(), "b": fields.Integer()})(), Shown()

    with pytest.raises(ValueError, match="many"):
        Conversion(schema).dump({"a": shown, "b": "many"})

    assert shown.times == 1


def test_a_default_that_is_a_function_is_called_once_though_another_field_is_wrong() -> None:
    numbers = count()
    schema = Schema.from_dict(
        {"number": fields.Integer(load_default=lambda: next(numbers)), "total": fields.Integer()}
    )()

    with pytest.raises(ValidationError):
        Conversion(schema).load({"total": "much"})

    assert next(numbers) == 1


CHANGES: dict[str, Callable[[Schema], object]] = {
    "required": lambda schema: setattr(schema.fields["total"], "required", True),
    "default": lambda schema: setattr(schema.fields["total"], "load_default", 7),
    "name": lambda schema: setattr(schema.fields["total"], "data_key", "price"),
    "validator": lambda schema: schema.fields["total"].validators.append(validate.Range(max=1)),
    "method": lambda schema: setattr(schema.fields["total"], "_deserialize", lambda *_, **__: 1),
    "format": lambda schema: setattr(schema.fields["total"], "as_string", False),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("content", [{"sum": "9.99"}, {}, {"price": 1}])
def test_a_field_that_is_changed_later_is_obeyed(change: str, content: dict[str, Any]) -> None:
    # Given
    prices = Schema.from_dict({"total": fields.Decimal(as_string=True, data_key="sum")})
    conversion, schema = Conversion(prices()), prices()
    conversion.load({"sum": "1"})
    conversion.dump({"total": 1})

    # When
    CHANGES[change](conversion.schema)
    if change != "validator":  # instances share their validators
        CHANGES[change](schema)

    # Then
    assert outcome(conversion.load, content) == outcome(lambda: schema.load(content, unknown="exclude"))
    assert conversion.dump({"total": 1}) == schema.dump({"total": 1})
    for plan in (conversion.load_plan, conversion.dump_plan):
        assert plan.refusal == "the schema or one of its fields was changed after its first use"


def test_fields_that_are_added_and_removed_later_are_dumped_as_marshmallow_does() -> None:
    conversion, number = Conversion(Order()), fields.Integer()
    conversion.dump(CONTENT)

    conversion.schema.dump_fields["number"] = number
    del conversion.schema.dump_fields["total"]

    assert conversion.dump({"number": "1", "total": 1}) == {"number": 1}


def outcome(convert: Callable[..., Any], *args: Any) -> Any:
    try:
        return convert(*args)
    except ValidationError as error:
        return error.messages
