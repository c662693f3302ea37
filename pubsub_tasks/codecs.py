"""Codecs: content to a body and back, as a marshmallow schema says. Knows no queue and no topic.

A body is microcosm-pubsub's: one flat JSON object of `mediaType`, `opaqueData` and the schema's fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from marshmallow import EXCLUDE, Schema, ValidationError, missing
from marshmallow.fields import Field

from .attributes import of_field
from .compression import compressor
from .errors import ConfigurationError, EncodeError, InvalidContent
from .formats import JSON, Format
from .wire import Attribute

MEDIA_TYPE = "mediaType"
"""The key of a body that tells its media type."""

OPAQUE_DATA = "opaqueData"
"""The key of a body that holds the headers."""

_RESERVED = {
    MEDIA_TYPE: MEDIA_TYPE,
    "media_type": MEDIA_TYPE,
    OPAQUE_DATA: OPAQUE_DATA,
    "opaque_data": OPAQUE_DATA,
}
"""Names under which schemas of microcosm lineage declare what is ours to write."""

_NO_HEADERS: Mapping[str, str] = {}


class PubSubMessageSchema(Schema):
    """A message's schema: marshmallow fields, and `MEDIA_TYPE` or an overridden `deserialize_media_type`."""

    MEDIA_TYPE: ClassVar[str]

    ATTRIBUTES: ClassVar[Sequence[str]] = ()
    """Names of content that each message tells in an attribute too, for filter policies."""

    CONTENT_TYPE: ClassVar[str] = "json"
    """How content is written: `json`, `msgpack`, `yaml`, or another of kombu's serializers; never pickle."""

    COMPRESSION: ClassVar[str | None] = None
    """What makes a message smaller that weighs over `COMPRESS_OVER`: `gzip`, `bzip2`, `lzma` or `zstd`."""

    COMPRESS_OVER: ClassVar[int] = 8192
    """Bytes."""

    def deserialize_media_type(self, obj: Any) -> str:
        """The media type. `obj` is None; the parameter is microcosm-pubsub's."""
        return self.MEDIA_TYPE


class _Reserved(NamedTuple):
    """A field that stands for what the body tells anyway."""

    content_name: str
    wire_name: str
    stands_for: str


class Written(NamedTuple):
    """A body, the content as its receivers will load it, and attributes that tell some of it."""

    body: str
    content: Mapping[str, Any]
    attributes: Mapping[str, Attribute]


class Codec:
    """Writes and reads the content of one media type. Made once, and safe to share between threads.

    Attributes:
        schema: the one schema instance in use.
        media_type: what content is written as.
        format: the content type that is written.
        accept: content types that are read.
        compression: what compresses a message over `compress_over` (bytes), or None.
        field_names: names in loaded content: a task's parameters, a publisher's keywords.
        required: those without which content is invalid.
        optional_without_default: those that loaded content may lack.
    """

    def __init__(self, schema: type[Schema] | Schema, media_type: str | None = None) -> None:
        """`media_type` is for a schema that serves several. Raises ConfigurationError where none is told."""
        self.schema = schema() if isinstance(schema, type) else schema
        self.media_type = media_type or declared_media_type(self.schema)
        self.format = Format.of(getattr(schema, "CONTENT_TYPE", "json"))
        self.accept = frozenset({JSON, self.format.content_type})
        self.compression: str | None = getattr(schema, "COMPRESSION", None)
        self.compress_over: int = getattr(schema, "COMPRESS_OVER", 0)
        if self.compression is not None:
            compressor(self.compression)
        self._reserved = tuple(_reserved(self.schema))
        self._writable = frozenset(_content_name(*item) for item in self.schema.dump_fields.items())
        loaded = {_content_name(name, field): field for name, field in self.schema.load_fields.items()}
        self.field_names = frozenset(loaded)
        ours = self.field_names - {reserved.content_name for reserved in self._reserved}
        self.required = frozenset(name for name in ours if loaded[name].required)
        self._told_apart = tuple(self._wire_name(name, loaded) for name in getattr(schema, "ATTRIBUTES", ()))
        self.optional_without_default = frozenset(
            name for name in ours - self.required if loaded[name].load_default is missing
        )

    def dump(self, content: Mapping[str, Any], headers: Mapping[str, str] = _NO_HEADERS) -> dict[str, Any]:
        """Content in JSON's own types. Raises as `check` does."""
        return self.check(content, headers)[0]

    def check(
        self, content: Mapping[str, Any], headers: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Content in JSON's own types, and as it will be loaded. `headers` are for a schema that has them.

        Raises InvalidContent for names that the schema does not write and for content that it would not load:
        marshmallow's own dump drops the former and lets the latter pass.
        """
        unknown = content.keys() - self._writable
        if unknown:
            raise InvalidContent(self.media_type, {name: ["Unknown field."] for name in sorted(unknown)})
        if self._reserved:
            content = self._told(headers) | dict(content)
        try:
            dumped: dict[str, Any] = self.schema.dump(content)
        except Exception as error:  # whatever a field makes of a value that is none of its kind
            raise InvalidContent(self.media_type, self._unwritable(content)) from error
        return dumped, self.load(dumped)

    def load(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Read content from a body's fields; unknown ones are left out. Raises InvalidContent."""
        if self._reserved:
            fields = {**self._retold(fields), **fields}
        try:
            loaded: dict[str, Any] = self.schema.load(fields, unknown=EXCLUDE)
        except ValidationError as error:
            raise InvalidContent(self.media_type, error.messages_dict) from error
        except RecursionError as error:
            raise InvalidContent(self.media_type, {"_schema": ["Nested too deeply."]}) from error
        return loaded

    def write(self, content: Mapping[str, Any], headers: Mapping[str, str]) -> Written:
        """Write a body that SQS and SNS accept. Raises InvalidContent, EncodeError."""
        dumped, loaded = self.check(content, headers)
        told = {MEDIA_TYPE: self.media_type, OPAQUE_DATA: dict(headers)}
        try:
            body, attributes = self.format.write({**told, **dumped, **told})
        except Exception as error:  # a serializer of kombu's may raise anything
            raise EncodeError(
                f"content of {self.media_type} cannot be written as {self.format.title}: {error}; "
                "let each of its fields dump to text, numbers, lists or objects"
            ) from error
        return Written(body, loaded, {**self._attributes(dumped, loaded), **attributes})

    def _wire_name(self, name: str, loaded: Mapping[str, "Field[Any]"]) -> tuple[str, str]:
        if name not in loaded:
            raise ConfigurationError(
                f"{type(self.schema).__name__} tells {name!r} in ATTRIBUTES, which is no field of it"
            )
        return name, loaded[name].data_key or loaded[name].name or name

    def _unwritable(self, content: Mapping[str, Any]) -> dict[str, Any]:
        wrong = {}
        for name, value in content.items():
            try:
                self.schema.dump({name: value})
            except Exception:
                wrong[name] = [f"Cannot be written: {_shown(value)}."]
        return wrong or {"_schema": ["Cannot be written."]}

    def _attributes(self, dumped: Mapping[str, Any], loaded: Mapping[str, Any]) -> dict[str, Attribute]:
        """The fields that the schema names for filter policies; those without a value are left out."""
        told = {}
        for name, wire_name in self._told_apart:
            if loaded.get(name) is not None:
                written = dumped if wire_name in dumped else self.schema.dump({name: loaded[name]})
                told[name] = of_field(loaded[name], written.get(wire_name))
        return told

    def _told(self, headers: Mapping[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {MEDIA_TYPE: self.media_type, OPAQUE_DATA: dict(headers)}
        return {reserved.content_name: values[reserved.stands_for] for reserved in self._reserved}

    def _retold(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            reserved.wire_name: fields[reserved.stands_for]
            for reserved in self._reserved
            if reserved.stands_for in fields
        }


def declared_media_type(schema: type[Schema] | Schema) -> str:
    """The media type that a schema declares. Raises ConfigurationError where it declares none."""
    name = schema.__name__ if isinstance(schema, type) else type(schema).__name__
    declared = getattr(schema, "MEDIA_TYPE", None)
    if declared is None:
        instance = schema() if isinstance(schema, type) else schema
        try:
            declared = instance.deserialize_media_type(None)  # type: ignore[attr-defined]
        except Exception as error:
            raise ConfigurationError(
                f"{name} tells no media type: give it MEDIA_TYPE or deserialize_media_type"
            ) from error
    if not isinstance(declared, str) or not declared:
        raise ConfigurationError(f"the media type of {name} must be text and is {declared!r}")
    return declared


def _reserved(schema: Schema) -> Iterator[_Reserved]:
    for name, field in schema.fields.items():
        wire_name = field.data_key or name
        stands_for = _RESERVED.get(wire_name) or _RESERVED.get(name)
        if stands_for:
            yield _Reserved(_content_name(name, field), wire_name, stands_for)


def _content_name(name: str, field: "Field[Any]") -> str:
    """A dotted attribute loads into a nested mapping, of which the first part is the content's name."""
    return (field.attribute or name).partition(".")[0]


def _shown(value: object) -> str:
    try:
        return f"{value!r:.80}"
    except Exception:
        return f"a value of type {type(value).__name__}"
