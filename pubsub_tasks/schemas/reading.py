"""Reads exported documents: an AsyncAPI document, or the JSON Schema of one media type."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ConfigurationError
from ..wire.records import MEDIA_TYPE
from .documents import json_schema_document
from .json_schema import SchemaExport
from .schema_version import JSON_CONTENT, Json, SchemaVersion


def versions_of(document: Any) -> dict[str, SchemaVersion]:
    """The messages of a document by media type.

    Raises ConfigurationError if it is neither an AsyncAPI document nor the JSON Schema of a message.
    """
    if not isinstance(document, Mapping):
        raise ConfigurationError(f"a document is a JSON object, and this is {type(document).__name__}")
    if "asyncapi" in document:
        return dict(_messages(document))
    media_type = _media_type(document)
    if media_type is None:
        raise ConfigurationError(
            "neither an AsyncAPI document nor the JSON Schema of a message, which names its media type as "
            f"properties.{MEDIA_TYPE}.const: write one with `pubsub-tasks schema export`"
        )
    return {media_type: SchemaVersion(document, document)}


def versions_of_export(export: SchemaExport) -> dict[str, SchemaVersion]:
    """The messages of an app by media type."""
    versions = {}
    for message in export.messages:
        document = json_schema_document(message, export)
        versions[message.media_type] = SchemaVersion(document, document, message.content_type)
    return versions


def _messages(document: Json) -> Iterator[tuple[str, SchemaVersion]]:
    root = SchemaVersion({}, document)
    for channel in _values(document.get("channels")):
        for message in map(root.resolve, _values(root.resolve(channel).get("messages"))):
            payload = root.resolve(message.get("payload"))
            body = root.resolve(payload.get("schema")) if "schemaFormat" in payload else payload
            name = _media_type(body) or message.get("name")
            if isinstance(name, str):
                default = document.get("defaultContentType", JSON_CONTENT)
                yield name, SchemaVersion(body, document, str(message.get("contentType", default)))


def _media_type(body: Json) -> str | None:
    properties = body.get("properties")
    named = properties.get(MEDIA_TYPE) if isinstance(properties, Mapping) else None
    media_type = named.get("const") if isinstance(named, Mapping) else None
    return media_type if isinstance(media_type, str) else None


def _values(mapping: Any) -> list[Any]:
    return list(mapping.values()) if isinstance(mapping, Mapping) else []
