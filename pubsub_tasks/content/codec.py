"""Convert content to a message body and back with a marshmallow schema."""

from collections.abc import Mapping
from copy import copy
from typing import Any, NamedTuple, Self

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, missing
from marshmallow.fields import Field

from ..errors import ConfigurationError, EncodeError, InvalidContent
from ..wire import attributes
from ..wire.compression import MAX_EXPANDED, compressor
from ..wire.records import MEDIA_TYPE as MEDIA_TYPE
from ..wire.records import OPAQUE_DATA as OPAQUE_DATA
from ..wire.records import Attribute
from ..wire.serialization import JSON, Serializer
from .body_format import FLAT_BODY, BodyFormat
from .conversion import Conversion
from .copying import copy_value
from .post_load_objects import by_field_name, check_class, post_load_class
from .reserved_fields import ReservedFields
from .unknown_fields import (
    POST_LOAD,
    UNKNOWN,
    content_name,
    hook_kinds,
)

_NO_HEADERS: Mapping[str, str] = {}


class EncodedContent(NamedTuple):
    """A body, the content as receivers will load it, and message attributes made from it."""

    body: str
    content: Mapping[str, Any]
    attributes: Mapping[str, Attribute]


class Codec:
    """Converts the content of one media type. Safe to share between threads.

    Attributes:
        schema: the one schema instance in use.
        conversion: how it loads and dumps.
        media_type: what content is written as.
        format: the content type that is written.
        body_format: how content and headers become a body.
        accept: content types that are read.
        compression: what compresses a message over `compress_over` (bytes), or None.
        max_body_size: bytes that a body may have, decompressed.
        field_names: names in loaded content: a task's parameters, a publisher's keywords.
        required: those without which content is invalid.
        optional_without_default: those that loaded content may lack.
        makes_objects: whether a `post_load` hook may make an object of content.
        object_class: what that hook says it returns, or None.
    """

    def __init__(self, schema: type[Schema] | Schema, media_type: str | None = None) -> None:
        """`media_type` is for a schema that serves several. Raises ConfigurationError if there is none."""
        self.schema = schema() if isinstance(schema, type) else schema
        self.media_type = media_type or declared_media_type(self.schema)
        self.format = Serializer.of(getattr(schema, "CONTENT_TYPE", "json"))
        self.body_format: BodyFormat = FLAT_BODY
        self.accept = frozenset({JSON, self.format.content_type})
        self.compression: str | None = getattr(schema, "COMPRESSION", None)
        self.compress_over: int = getattr(schema, "COMPRESS_OVER", 0)
        if self.compression is not None:
            compressor(self.compression)
        self.max_body_size: int = max(MAX_EXPANDED, getattr(schema, "MAX_BODY_SIZE", 0))
        self._reserved = ReservedFields(self.schema)
        self._writable = frozenset(content_name(*item) for item in self.schema.dump_fields.items())
        loaded = {content_name(name, field): field for name, field in self.schema.load_fields.items()}
        self.field_names = frozenset(loaded)
        ours = self.field_names - self._reserved.content_names
        self.makes_objects = POST_LOAD in hook_kinds(self.schema)
        self.object_class = post_load_class(self.schema)
        self.conversion = Conversion(self.schema)
        self._not_content = self._written_beside_content()
        self.required = frozenset(name for name in ours if loaded[name].required)
        self._attribute_fields = tuple(
            self._wire_name(name, loaded) for name in getattr(schema, "ATTRIBUTES", ())
        )
        self.optional_without_default = frozenset(
            name for name in ours - self.required if loaded[name].load_default is missing
        )

    def dump(self, content: object, headers: Mapping[str, str] = _NO_HEADERS) -> dict[str, Any]:
        """Return content in JSON types. Raises what `check` raises."""
        return self.check(content, headers)[0]

    def check(self, content: object, headers: Mapping[str, str] = _NO_HEADERS) -> tuple[dict[str, Any], Any]:
        """Return content in JSON types, and as receivers will load it.

        `content` is a mapping, or an object of the class that the schema's `post_load` makes; it is not
        changed. `headers` are for schemas with a field for them.

        Raises InvalidContent for names that the schema does not declare, at any level, and for content that
        the schema would not load. marshmallow's own dump drops the names and does not validate.
        """
        if self.conversion.edits_dumped:
            content = copy_value(content)
        named = content if isinstance(content, Mapping) else None
        if named is not None:
            self._refuse_unknown(named)
        dumped = self._dumped(content, headers)
        loaded = self.load(dumped)
        if named is None:
            check_class(self.media_type, content, loaded)
        return dumped, loaded

    def load(self, fields: Mapping[str, Any]) -> Any:
        """Load content from a body's fields, which are not changed: a mapping, or what `post_load` makes.

        Unknown names are dropped at every level, unless the schema's author says otherwise.
        Raises InvalidContent, and ConfigurationError if `post_load` returns None.
        """
        if self._reserved.content_names:
            fields = {**self._reserved.written(fields), **fields}
        if self.conversion.unknown != EXCLUDE:
            fields = {name: value for name, value in fields.items() if name not in self._not_content}
        try:
            loaded = self.conversion.load(fields)
        except ValidationError as error:
            raise InvalidContent(self.media_type, error.messages_dict) from error
        except RecursionError as error:
            raise InvalidContent(self.media_type, {"_schema": ["Nested too deeply."]}) from error
        if loaded is None:
            raise ConfigurationError(
                f"post_load of {type(self.schema).__name__} returned None: return content"
            )
        return loaded

    def write(self, content: object, headers: Mapping[str, str]) -> EncodedContent:
        """Return a body that SQS and SNS accept, with its attributes. Raises InvalidContent, EncodeError."""
        dumped, loaded = self.check(content, headers)
        try:
            body, format_attributes = self.body_format.write(self.media_type, dumped, headers, self.format)
        except Exception as error:  # a serializer of kombu's may raise anything
            raise EncodeError(
                f"content of {self.media_type} cannot be written as {self.format.title}: {error}; "
                "let each of its fields dump to text, numbers, lists or objects"
            ) from error
        named = by_field_name(loaded, self.field_names)
        return EncodedContent(body, named, {**self._attributes(dumped, named), **format_attributes})

    def with_format(self, body_format: BodyFormat) -> Self:
        """Return a codec of the same schema that writes bodies in another format."""
        codec = copy(self)
        codec.body_format = body_format
        if not body_format.is_packable:
            codec.compression = None
        return codec

    def renamed(self, media_type: str) -> Self:
        """Return a codec of the same schema for another media type."""
        codec = copy(self)
        codec.media_type = media_type
        return codec

    def _refuse_unknown(self, content: Mapping[str, Any]) -> None:
        try:
            nested = self.conversion.names.below(content)
        except RecursionError as error:
            raise InvalidContent(self.media_type, {"_schema": ["Nested too deeply."]}) from error
        if (unknown := content.keys() - self._writable) or nested:
            wrong = {str(name): [UNKNOWN] for name in sorted(unknown, key=str)}
            raise InvalidContent(self.media_type, {**wrong, **nested})

    def _dumped(self, content: object, headers: Mapping[str, str]) -> dict[str, Any]:
        envelope = (
            {MEDIA_TYPE: self.media_type, OPAQUE_DATA: dict(headers)} if self._reserved.content_names else {}
        )
        is_named = isinstance(content, Mapping)
        if envelope and isinstance(content, Mapping):
            content = {**self._reserved.content(envelope), **content}
        try:
            dumped = self.conversion.dump(content)
        except Exception as error:  # a field may raise anything for a value of the wrong type
            raise InvalidContent(self.media_type, self._unwritable(content)) from error
        return dumped if is_named else {**dumped, **self._reserved.written(envelope)}

    def _written_beside_content(self) -> frozenset[str]:
        """Return the names in a body that are not content: the envelope's, and those of dump-only fields."""
        read = {field.data_key or name for name, field in self.schema.load_fields.items()}
        written = {field.data_key or name for name, field in self.schema.dump_fields.items()}
        ours = {MEDIA_TYPE, OPAQUE_DATA} | (written if self.conversion.unknown == RAISE else set())
        return frozenset(ours - read)

    def _wire_name(self, name: str, loaded: Mapping[str, "Field[Any]"]) -> tuple[str, str]:
        if name not in loaded:
            raise ConfigurationError(
                f"{type(self.schema).__name__} names {name!r} in ATTRIBUTES, which is not one of its fields"
            )
        if name in attributes.RESERVED:
            raise ConfigurationError(
                f"{type(self.schema).__name__} names {name!r} in ATTRIBUTES, an attribute that the library "
                "itself writes: give the field another name, and its own as data_key"
            )
        return name, loaded[name].data_key or loaded[name].name or name

    def _unwritable(self, content: object) -> dict[str, Any]:
        wrong: dict[str, Any] = {}
        if not isinstance(content, Mapping):
            return {"_schema": [f"Cannot be written: {_shown(content)}, of type {type(content).__name__}."]}
        for name, value in content.items():
            try:
                self.conversion.dump({name: value})
            except Exception:
                kind = type(self.schema.fields.get(name)).__name__
                wrong[name] = [f"{kind} cannot write {_shown(value)}, of type {type(value).__name__}."]
        return wrong or {"_schema": ["Cannot be written."]}

    def _attributes(self, dumped: Mapping[str, Any], loaded: Mapping[str, Any]) -> dict[str, Attribute]:
        """Return the attributes for filter policies, without values that no attribute can carry."""
        found = {}
        for name, wire_name in self._attribute_fields:
            if loaded.get(name) is not None:
                written = dumped if wire_name in dumped else self.conversion.dump({name: loaded[name]})
                attribute = attributes.field_attribute(loaded[name], written.get(wire_name))
                if attribute is not None:
                    found[name] = attribute
        return found


def declared_media_type(schema: type[Schema] | Schema) -> str:
    """Return the media type that a schema declares. Raises ConfigurationError if it declares none."""
    name = schema.__name__ if isinstance(schema, type) else type(schema).__name__
    declared = getattr(schema, "MEDIA_TYPE", None)
    if declared is None:
        instance = schema() if isinstance(schema, type) else schema
        try:
            declared = instance.deserialize_media_type(None)  # type: ignore[attr-defined]
        except Exception as error:
            raise ConfigurationError(
                f"{name} has no media type: give it MEDIA_TYPE or deserialize_media_type"
            ) from error
    if not isinstance(declared, str) or not declared:
        raise ConfigurationError(f"the media type of {name} must be text and is {declared!r}")
    return declared


def _shown(value: object) -> str:
    try:
        return f"{value!r:.80}"
    except Exception:
        return "a value"
