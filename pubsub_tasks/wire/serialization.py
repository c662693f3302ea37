"""Formats: content types, and what a body in one of them says. Knows no schema and no compression's inside.

JSON is written plainly, for any reader. Other content types are kombu's serializers, loaded when first
needed, and told in the attribute `content_type`; none is JSON. Pickle is never written and never read.
"""

import importlib
import re
from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from json import JSONEncoder, loads
from typing import Any, Self

from ..errors import ConfigurationError, ContentDisallowed, DecodeError, MissingExtra
from ..lifecycle import forks
from .compression import BASE64, CONTENT_ENCODING, BodyLimit, decompress
from .records import Attribute, text

CONTENT_TYPE = "content_type"

JSON = "application/json"
JSON_ALONE = frozenset({JSON})

MAX_NODES = 1_000_000
"""Values in a document that was compressed, or is no JSON: a small body may stand for very many of them."""

_NEVER = frozenset({"pickle", "application/x-python-serialize"})
_MODULES = {"msgpack": "msgpack", "yaml": "yaml"}

_readable = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_escaped = JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What SQS refuses; JSON escapes the first of it. Source: SQS API reference, SendMessage, MessageBody."""


@dataclass(frozen=True, slots=True)
class Serializer:
    """A content type, and kombu's name of the serializer that writes it."""

    name: str = "json"
    content_type: str = JSON

    @classmethod
    def of(cls, given: str) -> Self:
        """By kombu's name (`json`, `msgpack`, `yaml`, or one registered there), or by content type.

        Raises ConfigurationError for a name that there is not, and for pickle; MissingExtra.
        """
        if given in ("json", JSON):
            return cls()
        registry = _serialization().registry
        name = registry.type_to_name.get(given, given)
        if name in _NEVER:
            raise ConfigurationError("pickle runs whatever a message says: choose json, msgpack or yaml")
        if name not in registry.name_to_type:
            known = sorted(set(registry.name_to_type) - _NEVER)
            raise ConfigurationError(f"no such content type: {given!r}; there are {', '.join(known)}")
        if name in _MODULES and not _installed(_MODULES[name]):
            raise MissingExtra(f"content in {name}", name)
        return cls(name, registry.name_to_type[name])

    @property
    def title(self) -> str:
        """As people write it."""
        return self.name.upper() if self.name in ("json", "yaml") else self.name

    def write(self, document: Mapping[str, Any]) -> tuple[str, dict[str, Attribute]]:
        """A body that SQS takes, and its attributes. Raises what the serializer raises."""
        if self.content_type == JSON:
            return _written(document), {}
        _, _, payload = _serialization().dumps(document, serializer=self.name)
        told = {CONTENT_TYPE: text(self.content_type)}
        if isinstance(payload, str) and not _ILLEGAL.search(payload):
            return payload, told
        data = payload.encode() if isinstance(payload, str) else payload
        return b64encode(data).decode(), {**told, CONTENT_ENCODING: text(BASE64)}


def read_body(
    body: str,
    attributes: Mapping[str, Attribute],
    accept: Collection[str] = JSON_ALONE,
    limit: BodyLimit | None = None,
) -> Any:
    """The document of a body, in the content type and encodings that its attributes name.

    Raises DecodeError, ContentDisallowed for a content type that is not one of `accept`, and BodyTooLarge for
    a body that decompresses to more than `limit`.
    """
    content_type = content_type_of(attributes)
    if content_type not in accept:
        raise ContentDisallowed(f"content of type {content_type:.80} is not accepted here")
    payload = decompress(body, attributes, limit)
    if content_type != JSON:
        return _deserialized(payload, content_type)
    return parse_json(payload if isinstance(payload, str) else _unpacked(payload))


def parse_json(payload: str | bytes) -> Any:
    """JSON. Raises DecodeError."""
    try:
        return loads(payload)
    except ValueError as error:
        raise DecodeError(f"a body of {len(payload):,} characters is not JSON: {error}") from error
    except RecursionError as error:
        raise DecodeError(f"a body of {len(payload):,} characters is nested too deeply to be read") from error


def _unpacked(payload: bytes) -> str:
    """The text of JSON that was compressed. Raises DecodeError for more values than a body can honestly say.

    They are counted before they are made, since each costs Python fifty bytes and more.
    """
    if _marks(payload) > MAX_NODES and _has_too_many_values(payload):
        raise DecodeError(f"the body says more than {MAX_NODES:,} values")
    try:
        return payload.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DecodeError(f"the body is not in UTF-8: {error}") from error


def _has_too_many_values(payload: bytes) -> bool:
    """By the marks outside of texts; a value has two texts at most, its name and itself."""
    plain = payload.replace(b"\\\\", b"").replace(b'\\"', b"")
    return plain.count(b'"') > 4 * MAX_NODES or _marks(b"".join(plain.split(b'"')[::2])) > MAX_NODES


def _marks(payload: bytes) -> int:
    """Commas and opening brackets: one stands before each value of JSON but the first."""
    return sum(payload.count(mark) for mark in (b",", b"[", b"{"))


def content_type_of(attributes: Mapping[str, Attribute]) -> str:
    """Without parameters such as a charset; whatever is of JSON's family is JSON."""
    attribute = attributes.get(CONTENT_TYPE)
    told = attribute.value if attribute and isinstance(attribute.value, str) else JSON
    content_type = told.partition(";")[0].strip().lower()
    return JSON if content_type.endswith("+json") or content_type == "text/json" else content_type


def _deserialized(payload: str | bytes, content_type: str) -> Any:
    serialization = _serialization()
    if content_type in _NEVER or content_type not in serialization.registry.type_to_name:
        raise DecodeError(f"content of type {content_type:.80} cannot be read: nothing is registered for it")
    encoding = "utf-8" if isinstance(payload, str) else "binary"
    try:
        document = serialization.loads(payload, content_type, encoding, accept={content_type})
    except Exception as error:  # kombu wraps whatever a serializer raises, which may be anything
        raise DecodeError(f"the body is no {content_type}: {error}") from error
    _count(document)
    return document


def _count(document: Any) -> None:
    """Raise DecodeError for more values than a body can honestly say, each counted wherever it is met."""
    left, stack = MAX_NODES, [document]
    while stack:
        node = stack.pop()
        children = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
        left -= len(children)
        if left < 0:
            raise DecodeError(f"the body says more than {MAX_NODES:,} values")
        stack.extend(children)


def _written(document: Mapping[str, Any]) -> str:
    written = _readable(document)
    return written if written.isascii() or not _ILLEGAL.search(written) else _escaped(document)


def _serialization() -> Any:
    with forks.blocked():
        return importlib.import_module("kombu.serialization")


def _installed(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
