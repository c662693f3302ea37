"""Content stays as it is, whatever a schema's hooks do to what they are given."""

import json
from copy import deepcopy
from typing import Any

import pytest
from marshmallow import INCLUDE, Schema, fields, post_dump, post_load, pre_dump, pre_load, validates_schema

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.copying import copy_value
from pubsub_tasks.content.message_schema import PubSubMessageSchema


class Cents(PubSubMessageSchema):
    """Euros in content, cents on the wire; each hook edits what it is given."""

    MEDIA_TYPE = "cents"
    ATTRIBUTES = ("tags",)
    amount = fields.Integer()
    tags = fields.Raw()

    @post_dump
    def to_cents(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        data["amount"] *= 100
        return data

    @pre_load
    def to_euros(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        data["amount"] //= 100
        return data

    @pre_dump
    def tagged(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        data["tags"].append("dumped")
        return data

    @post_load
    def read(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        data["tags"].append("loaded")
        return data


class Outer(PubSubMessageSchema):
    MEDIA_TYPE = "outer"
    inner = fields.Nested(Cents)
    each = fields.List(fields.Nested(lambda: Cents()))


def test_what_is_sent_is_what_dumping_gave_and_the_callers_content_stays() -> None:
    codec, content = Codec(Cents), {"amount": 3, "tags": ["a"]}

    written = [codec.write(content, {}) for _ in range(2)]

    for each in written:
        body = json.loads(each.body)
        assert (body["amount"], body["tags"]) == (300, ["a", "dumped"])
        assert each.content["amount"] == 3
        assert json.loads(str(each.attributes["tags"].value)) == ["a", "dumped"]
    assert content == {"amount": 3, "tags": ["a"]}


def test_nested_hooks_edit_copies_too() -> None:
    content = {"inner": {"amount": 3, "tags": []}, "each": [{"amount": 4, "tags": []}]}

    body = json.loads(Codec(Outer).write(content, {}).body)

    assert body["inner"] == {"amount": 300, "tags": ["dumped"]}
    assert body["each"] == [{"amount": 400, "tags": ["dumped"]}]
    assert content == {"inner": {"amount": 3, "tags": []}, "each": [{"amount": 4, "tags": []}]}


def test_each_attempt_reads_the_same() -> None:
    codec, fields_of_body = Codec(Outer), {"inner": {"amount": 300, "tags": []}}

    first = codec.load(fields_of_body)
    first["inner"]["tags"].append("by the handler")

    assert codec.load(fields_of_body) == {"inner": {"amount": 3, "tags": ["loaded"]}}
    assert fields_of_body == {"inner": {"amount": 300, "tags": []}}


class ByOriginal(Schema):
    a = fields.List(fields.Integer())

    @validates_schema(pass_original=True)
    def check(self, data: Any, original: Any, **_: Any) -> None:
        original["a"].append(0)


class Open(Schema):
    class Meta:
        unknown = INCLUDE


class Own(fields.Field):
    """A field of the application's, which may do anything."""


HANDED_ON = {
    "raw": fields.Raw(),
    "dict": fields.Dict(),
    "dict of lists": fields.Dict(values=fields.Raw()),
    "list": fields.List(fields.Raw()),
    "tuple": fields.Tuple((fields.Raw(),)),
    "open": fields.Nested(Open),
    "opened": fields.Nested(Schema.from_dict({}), unknown=INCLUDE),
    "function": fields.Function(deserialize=lambda value: value),
    "own": Own(),
    "original": fields.Nested(ByOriginal),
}


@pytest.mark.parametrize("kind", HANDED_ON)
def test_what_a_handler_edits_is_not_what_its_next_attempt_reads(kind: str) -> None:
    schema = Schema.from_dict({"value": HANDED_ON[kind]})
    value: Any = {"a": [1]} if isinstance(HANDED_ON[kind], (fields.Nested, fields.Mapping)) else [[1]]
    codec, document = Codec(schema, "handed.on"), {"value": value}
    before = json.dumps(document)

    loaded = codec.load(document)["value"]
    inner = loaded["a"] if isinstance(loaded, dict) and loaded else loaded[0] if loaded else []
    inner.append("edited")

    assert json.dumps(document) == before


@pytest.mark.parametrize("default", [["a"], {"a": ["b"]}, {"b"}], ids=["list", "dict", "set"])
@pytest.mark.parametrize("with_hook", [False, True], ids=["by a plan", "by marshmallow"])
def test_a_default_that_a_handler_edits_is_not_that_of_the_next_message(
    default: Any, with_hook: bool
) -> None:
    hook = post_load(lambda self, data, **_: data)
    members = {"tags": fields.Raw(load_default=default), **({"hook": hook} if with_hook else {})}
    outer = Schema.from_dict({"tags": members["tags"], "inner": fields.Nested(Schema.from_dict(members))})
    codec, before = Codec(outer, "edited.defaults"), deepcopy(default)

    first = codec.load({"inner": {}})
    for tags in (first["tags"], first["inner"]["tags"]):
        getattr(tags, "append" if isinstance(tags, list) else "add" if isinstance(tags, set) else "pop")("a")

    assert codec.load({"inner": {}}) == {"tags": before, "inner": {"tags": before}}
    assert (codec.conversion.load_plan.refusal is not None) == with_hook


def test_what_nothing_can_edit_is_not_copied() -> None:
    class Fast(PubSubMessageSchema):
        MEDIA_TYPE = "fast"
        id = fields.UUID()
        tags = fields.List(fields.String())
        inner = fields.Nested(Schema.from_dict({"a": fields.Dict(values=fields.Integer())}))

    codec = Codec(Fast)

    assert not codec.conversion._shares
    assert not codec.conversion.edits_dumped


def test_a_copy_holds_what_contains_itself_what_is_deep_and_what_cannot_be_copied() -> None:
    cyclic: dict[str, Any] = {}
    cyclic["self"] = cyclic
    generator = (each for each in "ab")
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]

    copy = copy_value({"cyclic": cyclic, "generator": generator, "deep": deep})

    assert copy["cyclic"]["self"] is copy["cyclic"] is not cyclic
    assert copy["generator"] is generator
    assert copy["deep"] is not deep
