"""Compares two JSON Schemas of a message, keyword by keyword.

A keyword that is not compared here, and differs, is an unclear change; descriptions and examples are none.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ..wire.records import MEDIA_TYPE, OPAQUE_DATA
from .changes import Effect, SchemaChange
from .schema_version import ANY_TYPE, JSON_CONTENT, Json, SchemaVersion, Shape

Above = tuple[tuple[int, int], ...]
"""Pairs of schemas, by identity."""

_ENVELOPE = (MEDIA_TYPE, OPAQUE_DATA)
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "x-minimum")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "x-maximum")
_COMPARED = ("additionalProperties", "const", "default", "enum", "format", "items", "pattern", "properties")
_NO_CHANGE = (
    "$schema",
    "definitions",
    "deprecated",
    "description",
    "example",
    "examples",
    "readOnly",
    "title",
)
_KNOWN = {*_LOWER, *_UPPER, *_COMPARED, *_NO_CHANGE, "required", "type", "writeOnly"}
_MAX_DEPTH = 50

_REASONS: Mapping[Effect, str] = {
    Effect.NARROWER: "new consumers refuse messages of old publishers, and those that wait in queues",
    Effect.WIDER: "old consumers refuse messages of new publishers",
    Effect.DIFFERENT: "neither side accepts messages of the other version",
    Effect.UNCLEAR: "whether each side accepts messages of the other version cannot be told",
    Effect.NO_LONGER_SENT: "old consumers do without it",
    Effect.OTHER_DEFAULT: "handlers get another value for messages without it",
    Effect.NO_LONGER_HANDLED: "new consumers dead-letter messages that still come; old ones get no more",
}


def compare_messages(
    old: Mapping[str, SchemaVersion], new: Mapping[str, SchemaVersion]
) -> list[SchemaChange]:
    """The changes between two versions of all messages, by media type."""
    changes: list[SchemaChange] = []
    for media_type in sorted(old.keys() | new.keys()):
        before, after = old.get(media_type), new.get(media_type)
        if before is None:
            changes.append(SchemaChange(media_type, "", "is new", Effect.ADDED))
        elif after is None:
            effect = Effect.NO_LONGER_HANDLED
            changes.append(SchemaChange(media_type, "", "is gone", effect, _REASONS[effect]))
        else:
            changes += _Comparison(media_type, before, after).changes()
    return changes


@dataclass(frozen=True, slots=True)
class _Comparison:
    media_type: str
    old: SchemaVersion
    new: SchemaVersion

    def changes(self) -> Iterator[SchemaChange]:
        before, after = self.old.content_type, self.new.content_type
        if before != after:
            # Every consumer reads JSON.
            effect = Effect.ADDED if after == JSON_CONTENT else Effect.WIDER
            yield self._change("", f"is written as {after}, was {before}", effect)
        yield from self._schemas(self.old.body, self.new.body, "", ())

    def _schemas(self, old: Any, new: Any, path: str, above: Above) -> Iterator[SchemaChange]:
        """Changes of one schema. `above` are the pairs that it is nested in, since schemas may recur."""
        before, after = self.old.shape(old), self.new.shape(new)
        pair = (id(before.schema), id(after.schema))
        if pair in above or len(above) > _MAX_DEPTH:
            return
        yield from self._types(before, after, path)
        if not before.types.isdisjoint(after.types):
            yield from self._choices(before.choices, after.choices, path)
            yield from self._values(before.schema, after.schema, path)
            inner = (*above, pair)
            yield from self._properties(before.schema, after.schema, path, inner)
            yield from self._items(before.schema, after.schema, path, inner)
            yield from self._other_names(before.schema, after.schema, path, inner)

    def _types(self, old: Shape, new: Shape, path: str) -> Iterator[SchemaChange]:
        before, after = _covered(old.types), _covered(new.types)
        if before != after:
            text = f"is {_listed(new.types)}, was {_listed(old.types)}"
            yield self._change(path, text, _effect(before, after))

    def _choices(
        self, old: frozenset[str] | None, new: frozenset[str] | None, path: str
    ) -> Iterator[SchemaChange]:
        if old == new:
            return
        if new is None:
            yield self._change(path, "may be any value", Effect.WIDER)
        elif old is None:
            yield self._change(path, f"is only {_listed(new)}", Effect.NARROWER)
        elif old.isdisjoint(new):
            yield self._change(path, f"is {_listed(new)}, was {_listed(old)}", Effect.DIFFERENT)
        else:
            if added := new - old:
                yield self._change(path, f"may be {_listed(added)}", Effect.WIDER)
            if removed := old - new:
                yield self._change(path, f"is no longer {_listed(removed)}", Effect.NARROWER)

    def _values(self, old: Json, new: Json, path: str) -> Iterator[SchemaChange]:
        for name in (*_LOWER, *_UPPER):
            if old.get(name) != new.get(name):
                yield self._bound(old.get(name), new.get(name), name, path)
        for name in ("format", "pattern"):
            if old.get(name) != new.get(name):
                yield self._text(old.get(name), new.get(name), name, path)
        if "default" in new and old.get("default") != new["default"]:
            was = f", was {_json(old['default'])}" if "default" in old else ""
            yield self._change(path, f"is {_json(new['default'])} by default{was}", Effect.OTHER_DEFAULT)
        elif "default" in old and "default" not in new:
            text = f"has no default, was {_json(old['default'])}"
            yield self._change(path, text, Effect.OTHER_DEFAULT)
        for name in sorted((old.keys() | new.keys()) - _KNOWN):
            if not name.startswith("x-") and old.get(name) != new.get(name):
                yield self._change(path, f"{name} changed", Effect.UNCLEAR)

    def _bound(self, old: Any, new: Any, name: str, path: str) -> SchemaChange:
        if old is None or new is None:
            text = f"{name} is {new}" if old is None else f"{name} {old} is gone"
            return self._change(path, text, Effect.NARROWER if old is None else Effect.WIDER)
        text = f"{name} is {new}, was {old}"
        before, after = _number(old), _number(new)
        if before is None or after is None:
            return self._change(path, text, Effect.UNCLEAR)
        is_narrower = (after > before) is (name in _LOWER)
        return self._change(path, text, Effect.NARROWER if is_narrower else Effect.WIDER)

    def _text(self, old: Any, new: Any, name: str, path: str) -> SchemaChange:
        if old is None or new is None:
            text = f"{name} is {new}" if old is None else f"{name} {old} is gone"
            return self._change(path, text, Effect.NARROWER if old is None else Effect.WIDER)
        effect = Effect.UNCLEAR if name == "pattern" else Effect.DIFFERENT
        return self._change(path, f"{name} is {new}, was {old}", effect)

    def _properties(self, old: Json, new: Json, path: str, above: Above) -> Iterator[SchemaChange]:
        before, after = _properties(old, path), _properties(new, path)
        needed_before, needed_after = _required(old), _required(new)
        for name in sorted(before.keys() | after.keys()):
            where = f"{path}.{name}".lstrip(".")
            if name not in before:
                yield from self._added(where, name in needed_after, old)
            elif name not in after:
                yield from self._removed(where, name in needed_before, new)
            else:
                if (name in needed_before) != (name in needed_after):
                    is_needed = name in needed_after
                    text = "is required, was optional" if is_needed else "is optional, was required"
                    yield self._change(where, text, Effect.NARROWER if is_needed else Effect.WIDER)
                yield from self._schemas(before[name], after[name], where, above)

    def _added(self, where: str, required: bool, old: Json) -> Iterator[SchemaChange]:
        if old.get("additionalProperties") is False:
            effect = Effect.DIFFERENT if required else Effect.WIDER
        else:
            effect = Effect.NARROWER if required else Effect.ADDED
        yield self._change(where, f"is new, and {'required' if required else 'optional'}", effect)

    def _removed(self, where: str, required: bool, new: Json) -> Iterator[SchemaChange]:
        if new.get("additionalProperties") is False:
            effect = Effect.DIFFERENT if required else Effect.NARROWER
        else:
            effect = Effect.WIDER if required else Effect.NO_LONGER_SENT
        yield self._change(where, f"is gone, and was {'required' if required else 'optional'}", effect)

    def _items(self, old: Json, new: Json, path: str, above: Above) -> Iterator[SchemaChange]:
        if "items" not in old and "items" not in new:
            return
        before, after = old.get("items", {}), new.get("items", {})
        if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            for index, (each, other) in enumerate(zip(before, after, strict=True)):
                yield from self._schemas(each, other, f"{path}[{index}]", above)
        elif isinstance(before, list) or isinstance(after, list):
            yield self._change(path, "items changed", Effect.DIFFERENT)
        else:
            yield from self._schemas(before, after, f"{path}[]", above)

    def _other_names(self, old: Json, new: Json, path: str, above: Above) -> Iterator[SchemaChange]:
        """Names that are not declared: refused, kept or dropped, or the values of an object."""
        before, after = old.get("additionalProperties"), new.get("additionalProperties")
        if isinstance(before, Mapping) or isinstance(after, Mapping):
            yield from self._schemas(before or {}, after or {}, f"{path}{{}}", above)
        elif (before is False) != (after is False):
            text = "refuses other names" if after is False else "no longer refuses other names"
            yield self._change(path, text, Effect.UNCLEAR)

    def _change(self, path: str, text: str, effect: Effect) -> SchemaChange:
        return SchemaChange(self.media_type, path, text, effect, _REASONS.get(effect, ""))


def _effect(old: frozenset[str], new: frozenset[str]) -> Effect:
    """What it does if other values are allowed."""
    if old < new:
        return Effect.WIDER
    return Effect.NARROWER if new < old else Effect.DIFFERENT


def _covered(types: frozenset[str]) -> frozenset[str]:
    return types | {"integer"} if "number" in types else types


def _properties(schema: Json, path: str) -> Mapping[str, Any]:
    """The fields of an object; in a message itself without media type and headers, which are the same."""
    found = schema.get("properties")
    if not isinstance(found, Mapping):
        return {}
    return found if path else {name: each for name, each in found.items() if name not in _ENVELOPE}


def _required(schema: Json) -> set[str]:
    found = schema.get("required")
    return {name for name in found if isinstance(name, str)} if isinstance(found, list) else set()


def _listed(values: frozenset[str]) -> str:
    return "anything" if values == ANY_TYPE else " or ".join(sorted(values))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> Decimal | None:
    """A bound as a number; those of decimals are text."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
