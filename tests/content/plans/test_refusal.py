"""A schema has no plan if it may do more than one, and says why."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from marshmallow import (
    INCLUDE,
    Schema,
    fields,
    post_dump,
    post_load,
    pre_dump,
    pre_load,
    validate,
    validates,
    validates_schema,
)

from pubsub_tasks.content.conversion import Conversion


class Order(Schema):
    total = fields.Decimal()


class Upper(fields.String):
    """A field of the application's."""


class Strict(validate.Range):
    """A validator of the application's."""


class Colour(Enum):
    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> "Colour":
        return cls.RED


class Node(Schema):
    child = fields.Nested(lambda: Node())


def with_hook(decorate: Any) -> type[Schema]:
    def hook(self: Any, data: Any, **_: Any) -> Any:
        return data

    return type("Hooked", (Order,), {"hook": decorate(hook)})


def with_method(name: str) -> type[Schema]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(Order, name)(self, *args, **kwargs)

    return type("Overriding", (Order,), {name: method})


def of(field: "fields.Field[Any]") -> type[Schema]:
    return type("Made", (Schema,), {"name": field})


def changed(change: Callable[[Any], None]) -> Schema:
    schema = Order()
    change(schema)
    return schema


def set_on_field(name: str, value: Any) -> Schema:
    return changed(lambda schema: setattr(schema.fields["total"], name, value))


class Sorted(dict[str, Any]):
    """A mapping of the application's."""


class Included(Schema):
    class Meta:
        unknown = INCLUDE


BOTH: dict[str, tuple[Any, str]] = {
    "many": (Order(many=True), "Order is for many at once"),
    "own field": (of(Upper()), "name is a Upper, whose code is not known here"),
    "method": (of(fields.Method("dump", deserialize="load")), "name is a Method"),
    "function": (of(fields.Function(lambda _: 1, lambda _: 1)), "name is a Function"),
    "inner": (of(fields.List(fields.Dict(values=Upper()))), "name[][] is a Upper"),
    "nested": (of(fields.Nested(of(Upper()))), "name.name is a Upper"),
    "validator": (of(fields.String(validate=str.isupper)), "name has a validator of the application's"),
    "own validator": (of(fields.Integer(validate=Strict(min=1))), "of the application's: Strict"),
    "after load": (set_on_field("post_load", [str]), "total has a function in pre_load or post_load"),
    "path": (of(fields.String(attribute="a.b")), "name is at 'a.b' in content, which is not one key"),
    "enum": (of(fields.Enum(Colour, by_value=True)), "name: Colour finds its members with code of its own"),
    "enum of own": (of(fields.Enum(Enum("E", "A"), by_value=Upper)), "name has the values of a Upper"),
    "patched field": (set_on_field("_validated", str), "total has a _validated of its own"),
    "patched schema": (changed(lambda schema: setattr(schema, "dump", str)), "Order has a dump of its own"),
    "context": (changed(lambda schema: setattr(schema, "context", {"a": 1})), "Order has a context"),
    "mapping": (type("Mapped", (Order,), {"dict_class": Sorted}), "Mapped has a dict_class of its own"),
    "recursive": (Node, "child.child.child... nests schemas without end"),
    "undeclared": (of(fields.Nested("NotDeclaredAnywhere")), "Made cannot be examined: RegistryError"),
    "attribute": (with_method("__getattribute__"), "Overriding has a __getattribute__ of its own"),
}

LOADING: dict[str, tuple[Any, str]] = {
    **{
        decorate.__name__: (with_hook(decorate), f"Hooked has a {decorate.__name__} hook")
        for decorate in (pre_load, post_load, validates_schema)
    },
    "validates": (with_hook(validates("total")), "Hooked has a validates hook"),
    "partial": (Order(partial=True), "Order is partial"),
    "include": (Included, "Included includes unknown names"),
    "nested include": (of(fields.Nested(Order, unknown=INCLUDE)), "Order includes unknown names"),
    "load": (with_method("load"), "Overriding has a load of its own"),
    "_deserialize": (with_method("_deserialize"), "Overriding has a _deserialize of its own"),
}

DUMPING: dict[str, tuple[Any, str]] = {
    **{
        decorate.__name__: (with_hook(decorate), f"Hooked has a {decorate.__name__} hook")
        for decorate in (pre_dump, post_dump)
    },
    "get_attribute": (with_method("get_attribute"), "Overriding has a get_attribute of its own"),
}


@pytest.mark.parametrize("case", BOTH | LOADING)
def test_no_plan_to_load_and_why(case: str) -> None:
    schema, reason = (BOTH | LOADING)[case]

    assert reason in str(conversion_of(schema).load_plan.refusal)


@pytest.mark.parametrize("case", BOTH | DUMPING)
def test_no_plan_to_dump_and_why(case: str) -> None:
    schema, reason = (BOTH | DUMPING)[case]

    assert reason in str(conversion_of(schema).dump_plan.refusal)


def conversion_of(schema: Any) -> Conversion:
    return Conversion(schema() if isinstance(schema, type) else schema)


@pytest.mark.parametrize(
    ("cls", "name"), [(fields.Decimal, "_validated"), (fields.Field, "deserialize"), (Schema, "_do_load")]
)
def test_a_patched_marshmallow_is_recognized(monkeypatch: pytest.MonkeyPatch, cls: Any, name: str) -> None:
    original = getattr(cls, name)
    monkeypatch.setattr(cls, name, lambda *args, **kwargs: original(*args, **kwargs))

    assert f"has a {name} of its own" in str(Conversion(Order()).load_plan.refusal)


def test_hooks_of_loading_leave_dumping_planned_and_the_other_way_round() -> None:
    assert Conversion(with_hook(post_load)()).dump_plan.refusal is None
    assert Conversion(with_hook(post_dump)()).load_plan.refusal is None


def test_what_happens_on_errors_alone_is_no_reason() -> None:
    class Telling(Schema):
        total = fields.Decimal(error_messages={"invalid": "What a price."})

        def handle_error(self, error: Any, data: Any, **_: Any) -> None:
            raise LookupError(data)

    conversion = Conversion(Telling())

    assert conversion.load_plan.refusal is None
    with pytest.raises(LookupError):
        conversion.load({"total": "free"})


@pytest.mark.filterwarnings("ignore:The .ordered.")
def test_a_schema_that_makes_another_mapping_makes_it() -> None:
    class Meta:
        ordered = True  # an OrderedDict in marshmallow 3, and nothing in 4

    ordered = type("Ordered", (Order,), {"Meta": Meta})

    loaded = Conversion(ordered()).load({"total": "1"})

    assert type(loaded) is type(ordered().load({"total": "1"}))
