"""One version of a message's JSON Schema, read without its references and its forms for null."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

JSON_CONTENT = "application/json"

ANY_TYPE = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

_MAX_REFERENCES = 50
_TYPES: Mapping[type, str] = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema and the types that it allows.

    Attributes:
        schema: without references, and without `anyOf` if that only said that null is allowed.
    """

    schema: Json
    types: frozenset[str]

    @property
    def choices(self) -> frozenset[str] | None:
        """The values of `enum` or `const` as JSON, without null, which is a type; None for any value."""
        values = [self.schema["const"]] if "const" in self.schema else self.schema.get("enum")
        if not isinstance(values, list):
            return None
        return frozenset(json.dumps(value, sort_keys=True) for value in values if value is not None)


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The schema of a message's body, in the document that has what it refers to."""

    body: Json
    document: Json
    content_type: str = JSON_CONTENT

    def shape(self, schema: Any) -> Shape:
        """The schema as it is compared. One that cannot be read allows anything."""
        found = self.resolve(schema)
        options = found.get("anyOf")
        if isinstance(options, list) and {"type": "null"} in options and len(options) == 2:
            (other,) = (each for each in options if each != {"type": "null"})
            inner = self.shape(other)
            return Shape(inner.schema, inner.types | {"null"})
        return Shape(found, _types(found))

    def resolve(self, schema: Any) -> Json:
        """The schema that a reference names, or the schema itself; an empty one if there is none."""
        for _ in range(_MAX_REFERENCES):
            if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
                break
            schema = self._target(schema["$ref"])
        return schema if isinstance(schema, Mapping) else {}

    def _target(self, reference: str) -> Any:
        found: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


def _types(schema: Json) -> frozenset[str]:
    """The types that a schema allows, those of its values if it names none."""
    named = schema.get("type")
    if isinstance(named, str):
        return frozenset({named})
    if isinstance(named, list):
        return frozenset(map(str, named))
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list) and values:
        return frozenset(_TYPES.get(type(value), "object") for value in values)
    return ANY_TYPE
