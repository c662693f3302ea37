"""Serialize documents to bodies and parse them, in JSON or with a serializer of kombu's.

JSON is the default and needs no attribute. Other content types are named in the attribute `content_type`;
their serializers are kombu's, imported on first use. Pickle is neither written nor read.
"""

import importlib
import re
from base64 import b64encode
from collections.abc import Collection, Mapping
from json import JSONEncoder
from typing import Any, NamedTuple, Self

from ..errors import ConfigurationError, ContentDisallowed, DecodeError, MissingExtra
from ..lifecycle import forks
from .compression import BASE64, CONTENT_ENCODING, BodyLimit, decompress
from .json_parser import parse
from .records import Attribute, text

CONTENT_TYPE = "content_type"

JSON = "application/json"
JSON_ALONE = frozenset({JSON})

MAX_NODES = 1_000_000
"""Values in a document that was compressed or is not JSON, since a small body may expand to very many."""

_NEVER = frozenset({"pickle", "application/x-python-serialize"})
_MODULES = {"msgpack": "msgpack", "yaml": "yaml"}

_dump_unicode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_dump_ascii = JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that SQS rejects; JSON escapes the control characters. Source: SQS API reference, SendMessage,
MessageBody."""


class Serializer(NamedTuple):
    """A content type and kombu's name of its serializer."""

    name: str = "json"
    content_type: str = JSON

    @classmethod
    def of(cls, given: str) -> Self:
        """Return a serializer by kombu's name (`json`, `msgpack`, `yaml` or one you add) or content type.

        Raises ConfigurationError for an unknown name and for pickle, and MissingExtra if its library is not
        installed.
        """
        if given in ("json", JSON):
            return cls()
        registry = _kombu().registry
        name = registry.type_to_name.get(given, given)
        if name in _NEVER:
            raise ConfigurationError(
                "pickle runs code from the message and is not supported: choose json, msgpack or yaml"
            )
        if name not in registry.name_to_type:
            known = sorted(set(registry.name_to_type) - _NEVER)
            raise ConfigurationError(f"no such content type: {given!r}; there are {', '.join(known)}")
        if name in _MODULES and not _is_installed(_MODULES[name]):
            raise MissingExtra(f"content in {name}", name)
        return cls(name, registry.name_to_type[name])

    @property
    def title(self) -> str:
        """The name for error messages."""
        return self.name.upper() if self.name in ("json", "yaml") else self.name

    def write(self, document: Any) -> tuple[str, dict[str, Attribute]]:
        """Return a body that SQS accepts, and its attributes. Raises what the serializer raises."""
        if self.content_type == JSON:
            return _dump_json(document), {}
        _, _, payload = _kombu().dumps(document, serializer=self.name)
        attributes = {CONTENT_TYPE: text(self.content_type)}
        if isinstance(payload, str) and not _ILLEGAL.search(payload):
            return payload, attributes
        data = payload.encode() if isinstance(payload, str) else payload
        return b64encode(data).decode(), {**attributes, CONTENT_ENCODING: text(BASE64)}


def read_body(
    body: str,
    attributes: Mapping[str, Attribute],
    accept: Collection[str] = JSON_ALONE,
    limit: BodyLimit | None = None,
) -> Any:
    """Parse a body by the content type and encodings that its attributes name.

    Raises DecodeError if it cannot be read, ContentDisallowed if its content type is not one of `accept`, and
    BodyTooLarge if it decompresses to more than `limit`.
    """
    content_type = content_type_of(attributes)
    if content_type not in accept:
        raise ContentDisallowed(f"content of type {content_type:.80} is not accepted here")
    payload = decompress(body, attributes, limit)
    if content_type != JSON:
        return _deserialize(payload, content_type)
    return parse_json(payload if isinstance(payload, str) else _decode_json(payload))


def parse_json(payload: str | bytes) -> Any:
    """Parse JSON. Raises DecodeError if it is malformed or nested too deeply."""
    try:
        return parse(payload)
    except ValueError as error:
        raise DecodeError(f"a body of {len(payload):,} characters is not JSON: {error}") from error
    except RecursionError as error:
        raise DecodeError(f"a body of {len(payload):,} characters is nested too deeply to be read") from error


def decode_tagged(tagged: Mapping[str, Any]) -> Any:
    """Return the value of an object with `__type__` and `__value__`, as kombu's JSON writes dates and ids.

    Raises DecodeError if kombu knows no such type or cannot read the value.
    """
    with forks.blocked():
        decoder = importlib.import_module("kombu.utils.json")
    try:
        return decoder.object_hook(tagged)
    except Exception as error:  # an application may have registered types of its own
        raise DecodeError(f"a value of type {tagged['__type__']!r:.80} cannot be read: {error}") from error


def _decode_json(payload: bytes) -> str:
    """Decode JSON that was compressed. Raises DecodeError for more than MAX_NODES values.

    They are counted before parsing, since each takes fifty bytes or more as a Python object.
    """
    if _count_separators(payload) > MAX_NODES and _has_too_many_values(payload):
        raise _too_many_values()
    try:
        return payload.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DecodeError(f"the body is not in UTF-8: {error}") from error


def _has_too_many_values(payload: bytes) -> bool:
    # A value has at most two strings, its key and itself, and so four quotes: counting those first bounds the
    # list of strings that the split makes. What counts then is separators outside of strings.
    plain = payload.replace(b"\\\\", b"").replace(b'\\"', b"")
    return (
        plain.count(b'"') > 4 * MAX_NODES or _count_separators(b"".join(plain.split(b'"')[::2])) > MAX_NODES
    )


def _count_separators(payload: bytes) -> int:
    """Count commas and opening brackets: every JSON value but the first follows one."""
    return sum(payload.count(separator) for separator in (b",", b"[", b"{"))


def content_type_of(attributes: Mapping[str, Attribute]) -> str:
    """Return the content type without parameters such as a charset; JSON by default and for `+json` types."""
    attribute = attributes.get(CONTENT_TYPE)
    value = attribute.value if attribute and isinstance(attribute.value, str) else JSON
    content_type = value.partition(";")[0].strip().lower()
    return JSON if content_type.endswith("+json") or content_type == "text/json" else content_type


def _deserialize(payload: str | bytes, content_type: str) -> Any:
    serialization = _kombu()
    if content_type in _NEVER or content_type not in serialization.registry.type_to_name:
        raise DecodeError(f"content of type {content_type:.80} cannot be read: no serializer is registered")
    encoding = "utf-8" if isinstance(payload, str) else "binary"
    try:
        document = serialization.loads(payload, content_type, encoding, accept={content_type})
    except MemoryError:  # not the body's fault
        raise
    except Exception as error:  # a serializer may raise anything
        raise DecodeError(f"the body is not valid {content_type}: {error}") from error
    _check_size(document)
    return document


def _check_size(document: Any) -> None:
    """Raise DecodeError for more than MAX_NODES values. A value that occurs repeatedly counts each time."""
    remaining, stack = MAX_NODES, [document]
    while stack:
        node = stack.pop()
        children = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
        remaining -= len(children)
        if remaining < 0:
            raise _too_many_values()
        stack.extend(children)


def _too_many_values() -> DecodeError:
    return DecodeError(f"the body has more than {MAX_NODES:,} values")


def _dump_json(document: Any) -> str:
    body = _dump_unicode(document)
    return body if body.isascii() or not _ILLEGAL.search(body) else _dump_ascii(document)


def _kombu() -> Any:
    with forks.blocked():
        return importlib.import_module("kombu.serialization")


def _is_installed(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
