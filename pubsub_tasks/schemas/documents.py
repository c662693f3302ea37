"""The documents that are exported: a JSON Schema for each media type, and one AsyncAPI document for an app.

Sources: JSON Schema draft 07, and the AsyncAPI specification 3.0.0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..wire.media_types import matches, topic_name
from .json_schema import DIALECT, Json, MessageSchema, SchemaExport

COMPONENTS = "#/components/schemas/"
DEFINITIONS = "#/definitions/"

_ENCODED = {"type": "string", "description": "The media type, for filter policies."}


@dataclass(frozen=True, slots=True)
class ReceivingTask:
    """A task: what it handles, which may end in `.*`, and on which queue."""

    media_type: str
    queue: str
    task: str


def json_schema_document(message: MessageSchema, export: SchemaExport) -> Json:
    """The JSON Schema of one media type, with the schemas that it uses."""
    used = _used(message.body, export.components)
    document = {"$schema": DIALECT, "title": message.name, **message.body}
    if used:
        document["definitions"] = {name: export.components[name] for name in sorted(used)}
    moved: Json = _with_references(document, COMPONENTS, DEFINITIONS)
    return moved


def asyncapi_document(
    export: SchemaExport, receivers: Iterable[ReceivingTask], *, title: str, version: str, prefix: str = ""
) -> Json:
    """The AsyncAPI document of an app. `prefix` begins the names of topics and queues.

    A media type without a task is one that the app sends.
    """
    tasks = list(receivers)
    operations: dict[str, Json] = {}
    for message in export.messages:
        mine = [task for task in tasks if matches(task.media_type, message.media_type)]
        for task in mine:
            operations[f"receive-{message.name}-{_key(task.queue)}"] = _receive(message, task, prefix)
        if not mine:
            operations[f"send-{message.name}"] = {"action": "send", **_channel_of(message)}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "channels": {message.name: _channel(message, prefix) for message in export.messages},
        "operations": operations,
        "components": {
            "messages": {message.name: _message(message) for message in export.messages},
            "schemas": dict(export.components),
        },
    }


def _channel(message: MessageSchema, prefix: str) -> Json:
    return {
        "address": prefix + topic_name(message.media_type),
        "description": f"The topic of {message.media_type}.",
        "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"}},
    }


def _message(message: MessageSchema) -> Json:
    headers = {"media_type": {**_ENCODED, "const": message.media_type}}
    return {
        "name": message.media_type,
        "contentType": message.content_type,
        "headers": {"type": "object", "properties": headers},
        "payload": message.body,
    }


def _receive(message: MessageSchema, task: ReceivingTask, prefix: str) -> Json:
    queue = prefix + task.queue
    return {
        "action": "receive",
        "summary": f"{task.task} handles it on queue {task.queue}.",
        **_channel_of(message),
        "bindings": {"sqs": {"queues": [{"name": queue, "fifoQueue": queue.endswith(".fifo")}]}},
    }


def _channel_of(message: MessageSchema) -> Json:
    return {
        "channel": {"$ref": f"#/channels/{message.name}"},
        "messages": [{"$ref": f"#/channels/{message.name}/messages/{message.name}"}],
    }


def _key(name: str) -> str:
    """A name as a key of the document: letters, digits, hyphens and underscores."""
    return name.replace(".", "_")


def _used(value: Any, components: Mapping[str, Json]) -> set[str]:
    """The names of the schemas that a value refers to, and those that these refer to."""
    used: set[str] = set()
    waiting = [value]
    while waiting:
        for name in _referred(waiting.pop()) & components.keys() - used:
            used.add(name)
            waiting.append(components[name])
    return used


def _referred(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_referred, value))
    if not isinstance(value, dict):
        return set()
    reference = value.get("$ref")
    named = {reference.removeprefix(COMPONENTS)} if isinstance(reference, str) else set()
    return named.union(*map(_referred, value.values()))


def _with_references(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {
            name: new + each.removeprefix(old)
            if name == "$ref" and isinstance(each, str)
            else _with_references(each, old, new)
            for name, each in value.items()
        }
    return [_with_references(each, old, new) for each in value] if isinstance(value, list) else value
