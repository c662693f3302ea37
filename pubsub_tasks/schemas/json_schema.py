"""marshmallow schemas as JSON Schema (draft 07, which AsyncAPI uses), through apispec.

The schema of a message describes its body: the fields as they are written, the media type and the headers.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from marshmallow import INCLUDE, RAISE, fields, validate

from ..content.codec import Codec
from ..content.unknown_fields import declared_unknown
from ..errors import MissingExtra
from ..wire.records import MEDIA_TYPE, OPAQUE_DATA

DIALECT = "http://json-schema.org/draft-07/schema#"

Json = dict[str, Any]

_HEADERS = {
    "type": "object",
    "description": "Headers of the message.",
    "additionalProperties": {"type": "string"},
}


@dataclass(frozen=True, slots=True)
class MessageSchema:
    """The JSON Schema of a media type's body.

    Attributes:
        name: of the schema's class; unique among those that are exported together.
        content_type: of the body.
        body: refers to `components`, as `#/components/schemas/NAME`.
    """

    media_type: str
    name: str
    content_type: str
    body: Json


@dataclass(frozen=True, slots=True)
class SchemaExport:
    """The messages of an app, sorted by media type, and the schemas that are nested in them, by name."""

    messages: tuple[MessageSchema, ...]
    components: Mapping[str, Json]


def export_schemas(codecs: Iterable[Codec]) -> SchemaExport:
    """The JSON Schema of each codec. Raises MissingExtra without apispec."""
    names = _Names()
    spec, converter = _apispec(names)
    messages = []
    for codec in sorted(codecs, key=lambda codec: codec.media_type):
        name = names.claim(type(codec.schema).__name__)
        body = _with_envelope(converter.schema2jsonschema(codec.schema), codec.media_type)
        messages.append(MessageSchema(codec.media_type, name, codec.format.content_type, _tidy(body)))
    nested = spec.to_dict().get("components", {}).get("schemas", {})
    return SchemaExport(tuple(messages), {name: _tidy(nested[name]) for name in sorted(nested)})


class _Names:
    """Unique names of schemas, from those of their classes."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def claim(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}{number}", number + 1
        self._taken.add(name)
        return name

    def of_nested(self, schema: Any) -> str:
        """The name of a nested schema; apispec asks once for each class with its modifiers."""
        name = (
            schema
            if isinstance(schema, str)
            else (schema if isinstance(schema, type) else type(schema)).__name__
        )
        return self.claim(name.rpartition(".")[2])


def _apispec(names: _Names) -> tuple[Any, Any]:
    """A specification that collects nested schemas, and the converter of schemas."""
    try:
        apispec = importlib.import_module("apispec")
        marshmallow_plugin = importlib.import_module("apispec.ext.marshmallow")
    except ModuleNotFoundError as error:
        raise MissingExtra("schema export", "asyncapi") from error
    plugin = marshmallow_plugin.MarshmallowPlugin(schema_name_resolver=names.of_nested)
    spec = apispec.APISpec("schemas", "1", "3.1.0", plugins=[plugin])
    converter = plugin.converter
    converter.attribute_functions[1:1] = [_type_on_wire, partial(_items, converter)]
    converter.attribute_functions += [_bounds, _sizes, _chosen_items, _format]
    convert = converter.schema2jsonschema
    converter.schema2jsonschema = lambda schema: _with_unknown(convert(schema), schema)
    return spec, converter


def _with_unknown(document: Json, schema: Any) -> Json:
    """What the author says of unknown names: apispec gives marshmallow's default, not this library's."""
    document.pop("additionalProperties", None)
    unknown = declared_unknown(schema() if isinstance(schema, type) else schema)
    if unknown in (RAISE, INCLUDE):
        document["additionalProperties"] = unknown == INCLUDE
    return document


def _with_envelope(body: Json, media_type: str) -> Json:
    envelope = {MEDIA_TYPE: {"type": "string", "const": media_type}, OPAQUE_DATA: _HEADERS}
    required = [name for name in body.get("required", ()) if name not in envelope]
    return {
        **body,
        "properties": {**envelope, **body["properties"], **envelope},
        "required": [MEDIA_TYPE, *required],
    }


# Functions that apispec calls for each field, with what is known of it so far. None removes a keyword.


def _type_on_wire(field: "fields.Field[Any]", ret: Json) -> Json:
    match field:
        case fields.Number() if field.as_string:
            return {"type": "string"}
        case fields.IPInterface():
            return {"type": "string"}
        case fields.Constant():
            return {"const": field.constant}
    return {}


def _items(converter: Any, field: "fields.Field[Any]", ret: Json) -> Json:
    """The values of a tuple."""
    if not isinstance(field, fields.Tuple):
        return {}
    items = [converter.field2property(inner) for inner in field.tuple_fields]
    return {"type": "array", "items": items, "minItems": len(items), "maxItems": len(items)}


def _bounds(field: "fields.Field[Any]", ret: Json) -> Json:
    """Bounds that a value must not reach, which apispec gives as if it might."""
    found: Json = {}
    for each in field.validators:
        if isinstance(each, validate.Range) and "minimum" in ret and not each.min_inclusive:
            found |= {"exclusiveMinimum": ret["minimum"], "minimum": None}
        if isinstance(each, validate.Range) and "maximum" in ret and not each.max_inclusive:
            found |= {"exclusiveMaximum": ret["maximum"], "maximum": None}
    return found


def _sizes(field: "fields.Field[Any]", ret: Json) -> Json:
    """Sizes of objects, for which apispec has those of texts."""
    if not isinstance(field, fields.Mapping):
        return {}
    sizes = {"minProperties": ret.get("minLength"), "maxProperties": ret.get("maxLength")}
    return {**sizes, "minLength": None, "maxLength": None}


def _chosen_items(field: "fields.Field[Any]", ret: Json) -> Json:
    """The choices of a list's items, which apispec gives as those of the list."""
    only = [each for each in field.validators if isinstance(each, validate.ContainsOnly)]
    return {"enum": None, "items": {**ret.get("items", {}), "enum": list(only[0].choices)}} if only else {}


def _format(field: "fields.Field[Any]", ret: Json) -> Json:
    """Without what apispec says of a timestamp beside its type, and of a date in a format of its own."""
    match field:
        case fields.Date() if "%" in str(field.format):
            return {"format": None}
        case fields.DateTime() if str(field.format).startswith("timestamp"):
            return {"format": None, "example": None, "min": None}
        case fields.URL() if field.relative:
            return {"format": "uri-reference"}
    return {}


def _tidy(value: Any) -> Any:
    """JSON types, without keywords that are None, in JSON Schema's words where apispec has others."""
    match value:
        case dict():
            return dict(_tidied(value))
        case list() | tuple() | set() | frozenset():
            return [_tidy(each) for each in value]
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return float(value)
    return str(value)


def _tidied(value: Json) -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        if name == "properties":
            yield name, {key: _tidy(inner) for key, inner in each.items()}
        elif name == "format" and each in _FORMATS:
            yield from _FORMATS[each]
        elif name in _MAY_BE_NONE or each is not None:
            yield name, _tidy(each)


_MAY_BE_NONE = ("default", "const")
_FORMATS: Mapping[str, list[tuple[str, str]]] = {"url": [("format", "uri")], "ip": []}
