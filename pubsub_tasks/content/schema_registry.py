"""Find the codec of a media type.

In this order: the schema registered for the media type, the one registered for its wildcard, and for
lifecycle media types (created, changed, deleted) the schema of microcosm-pubsub's convention.
"""

from difflib import get_close_matches
from typing import Any, TypeVar

from marshmallow import Schema, fields

from ..errors import ConfigurationError, UnknownMediaType
from ..wire.media_types import wildcard
from .codec import Codec
from .message_schema import PubSubMessageSchema

SchemaClass = TypeVar("SchemaClass", bound=type[Schema])

_LONGEST_NAME = 256
"""Characters of a media type for which similar names are looked up; for longer ones that takes too long."""


class URIMessageSchema(PubSubMessageSchema):
    """The content of `created` messages: the URI of the resource."""

    uri = fields.String(required=True)


class ChangedURIMessageSchema(URIMessageSchema):
    """The content of `changed` messages: the URI of the resource, and optionally the field that changed."""

    field_name = fields.String()
    new_value = fields.String()


class IdentityMessageSchema(PubSubMessageSchema):
    """The content of `deleted` messages: the id of the resource, which no longer has a URI."""

    id = fields.String(required=True)


class SchemaRegistry:
    """A registry of schemas by media type. Register at import time; `find` is thread-safe."""

    def __init__(self) -> None:
        self._codecs: dict[str, Codec] = {}
        self._conventions = {
            "deleted": Codec(IdentityMessageSchema, "deleted"),
            "changed": Codec(ChangedURIMessageSchema, "changed"),
            "created": Codec(URIMessageSchema, "created"),
        }

    def register(self, schema_class: SchemaClass) -> SchemaClass:
        """Register a schema for the media type that it declares, and return it.

        Raises ConfigurationError if it declares none, or if a schema with other fields has the same one.
        """
        codec = Codec(schema_class)
        present = self._codecs.setdefault(codec.media_type, codec)
        if present is not codec and _shape(present.schema) != _shape(codec.schema):
            raise ConfigurationError(
                f"{codec.media_type} is declared twice with different fields, by {_origin(present.schema)} "
                f"and by {_origin(codec.schema)}: give one of them another media type"
            )
        return schema_class

    def find(self, media_type: str) -> Codec:
        """Return the codec of a media type. Raises UnknownMediaType."""
        codec = self._codecs.get(media_type)
        if codec:
            return codec
        codec = self._codecs.get(wildcard(media_type)) or self._convention(media_type)
        if not codec:
            raise self.unknown(media_type)
        return codec.renamed(media_type)

    def media_types(self) -> list[str]:
        """Return the registered media types, sorted."""
        return sorted(self._codecs)

    def _convention(self, media_type: str) -> Codec | None:
        segments = media_type.split(".")
        return next((codec for change, codec in self._conventions.items() if change in segments), None)

    def declares(self, media_type: str) -> bool:
        """Whether a schema declares the media type or its wildcard: no convention reads it then."""
        return media_type in self._codecs or wildcard(media_type) in self._codecs

    def unknown(self, media_type: str) -> UnknownMediaType:
        """The error for a media type that no schema declares, with similar ones."""
        similar = get_close_matches(media_type, self._codecs) if len(media_type) <= _LONGEST_NAME else []
        advice = (
            f"did you mean {' or '.join(similar)}?"
            if similar
            else "declare one with @schema and import its module"
        )
        return UnknownMediaType(f"no schema declares the media type {media_type[:_LONGEST_NAME]!r}: {advice}")


def _shape(schema: Schema) -> dict[str, Any]:
    return {
        name: (type(field), field.required, field.data_key, field.attribute)
        for name, field in schema.fields.items()
    }


def _origin(schema: Schema) -> str:
    return f"{type(schema).__module__}.{type(schema).__qualname__}"
