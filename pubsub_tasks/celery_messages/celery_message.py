"""Read the messages that Celery sends with kombu's SQS transport, in task message protocols 1 and 2.

kombu wraps a task message in a JSON object of its own, and that in base64 unless it is told not to. Sources:
Celery's documentation, "Message Protocol"; kombu's `transport.SQS` and `transport.virtual`.
"""

import json
from base64 import b64decode
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple, Self

from ..errors import DecodeError, EnvelopeError
from ..wire.compression import BASE64, CONTENT_ENCODING, BodyLimit
from ..wire.records import Attribute, text
from ..wire.resend_attribute import MAX_ATTEMPTS, finite_number
from ..wire.serialization import CONTENT_TYPE, JSON, JSON_ALONE, decode_tagged, read_body
from ..wire.sns_notification import epoch_seconds

MEDIA_TYPE_PREFIX = "application/vnd.celery."
"""The media type of a Celery task's messages is this, followed by the name of the task."""

_BASE64_OF_AN_OBJECT = "eyJ"
"""How base64 of a JSON object with a first key begins."""

_PROTOCOL = frozenset(
    {
        *("args", "argsrepr", "callbacks", "chain", "chord", "compression", "errbacks", "eta"),
        *("expires", "group", "group_index", "id", "ignore_result", "kwargs", "kwargsrepr", "lang"),
        *("meth", "origin", "parent_id", "replaced_task_nesting", "retries", "root_id"),
        *("sent_event", "shadow", "stamped_headers", "stamps", "task", "taskset", "timelimit"),
        "utc",
    }
)
"""Headers that belong to the protocol. Any other was added by the application."""

_COMPRESSIONS = {
    "application/x-gzip": "gzip",
    "gzip": "gzip",
    "zlib": "gzip",
    "application/x-bz2": "bzip2",
    "bzip2": "bzip2",
    "bzip": "bzip2",
    "application/x-lzma": "lzma",
    "application/x-xz": "lzma",
    "lzma": "lzma",
    "xz": "lzma",
    "application/zstd": "zstd",
    "zstd": "zstd",
    "zstandard": "zstd",
}
"""kombu's names of compressions, by ours. Source: `kombu.compression`."""

MAX_DIGITS = 4_300
"""Digits of a decimal number; as many as Python reads of an integer by default."""

_TAGGED = {"__type__", "__value__"}
"""Keys of an object that stands for a value JSON has no type for. Source: `kombu.utils.json`."""

_WORKFLOW = ("group", "chord", "chain", "callbacks", "errbacks")


def celery_media_type(task: str) -> str:
    """Return the media type of a Celery task's messages."""
    return MEDIA_TYPE_PREFIX + task


def is_celery(media_type: str | None) -> bool:
    """Whether a media type names a Celery task."""
    return media_type is not None and media_type.startswith(MEDIA_TYPE_PREFIX)


def unwrap_base64(body: str) -> str:
    """Return the JSON of a body that kombu encoded in base64, and any other body unchanged."""
    if not body.startswith(_BASE64_OF_AN_OBJECT):
        return body
    try:
        return b64decode(body, validate=True).decode()
    except ValueError:
        return body


def is_celery_message(document: Mapping[str, Any]) -> bool:
    """Whether a body's JSON is an object of kombu's."""
    return "body" in document and "content-type" in document and isinstance(document.get("properties"), dict)


class CeleryMessage(NamedTuple):
    """A Celery task message.

    Attributes:
        task: name of the task.
        id: id of the task.
        headers: headers that the application added (str to str), with `root_id` and `parent_id`.
        args: positional arguments.
        kwargs: arguments by name.
        retries: how often Celery has retried the task.
        eta: the earliest time that it may be handled (epoch seconds), or None.
        expires: the latest time to start it (epoch seconds), or None.
        timeout: seconds that it may take, or None.
        workflow: what makes it a part of a workflow, such as `chord`; empty if nothing does.
    """

    task: str
    id: str | None
    headers: Mapping[str, str]
    args: list[Any]
    kwargs: Mapping[str, Any]
    retries: int = 0
    eta: float | None = None
    expires: float | None = None
    timeout: float | None = None
    workflow: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        document: Mapping[str, Any],
        accept: Collection[str] = JSON_ALONE,
        limit: BodyLimit | None = None,
    ) -> Self:
        """Read a message from the JSON object that kombu made of it.

        Raises EnvelopeError if it is no task message, and DecodeError or ContentDisallowed if its content
        cannot be read.
        """
        try:
            return cls._read(document, accept, limit)
        except RecursionError as error:
            raise DecodeError("a Celery message is nested too deeply to be read") from error
        except (TypeError, ValueError) as error:  # YAML and MessagePack have values that JSON does not have
            raise DecodeError(f"a Celery message cannot be read: {error}") from error

    @classmethod
    def _read(cls, document: Mapping[str, Any], accept: Collection[str], limit: BodyLimit | None) -> Self:
        headers, content = _mapping(document.get("headers")), _content(document, accept, limit)
        if isinstance(content, dict):  # protocol 1 has everything in the body
            headers = {**headers, **content}
            content = [content.get("args"), content.get("kwargs"), content]
        if not (isinstance(content, list) and len(content) == 3):
            raise EnvelopeError("the message of kombu has no [args, kwargs, embed] of a Celery task in it")
        args, kwargs, embed = content
        if not (isinstance(args, list | None) and isinstance(kwargs, dict | None)):
            raise EnvelopeError("the arguments of a Celery task must be a list and an object")
        task = headers.get("task")
        if not (isinstance(task, str) and task):
            raise EnvelopeError("the message of kombu names no Celery task")
        return cls(
            task,
            headers["id"] if isinstance(headers.get("id"), str) else None,
            _custom_headers(headers),
            _plain(args or []),
            _plain(kwargs or {}),
            _retries(headers.get("retries")),
            _time(headers, "eta"),
            _time(headers, "expires"),
            _shortest(headers.get("timelimit")),
            _workflow(headers, _mapping(embed)),
        )


def task_name(document: Mapping[str, Any]) -> str | None:
    """Return the name of the task as protocol 2 has it in the headers, before the content is read."""
    name = _mapping(document.get("headers")).get("task")
    return name if isinstance(name, str) and name else None


def _content(document: Mapping[str, Any], accept: Collection[str], limit: BodyLimit | None) -> Any:
    body = document.get("body")
    if isinstance(body, dict | list):  # some clients nest the content instead of encoding it
        return body
    if not isinstance(body, str):
        raise EnvelopeError("the message of kombu has no text as its body")
    encodings = []
    compression = _mapping(document.get("headers")).get("compression")
    if compression is not None:
        if not isinstance(compression, str) or compression not in _COMPRESSIONS:
            raise DecodeError(f"compression {compression!r:.80} of a Celery message cannot be read")
        encodings.append(_COMPRESSIONS[compression])
    if _mapping(document.get("properties")).get("body_encoding") == BASE64:
        encodings.append(BASE64)
    content_type = document.get("content-type")
    attributes: dict[str, Attribute] = {CONTENT_TYPE: text(str(content_type or JSON))}
    if encodings:
        attributes[CONTENT_ENCODING] = text(",".join(encodings))
    return read_body(body, attributes, accept, limit)


def _workflow(headers: Mapping[str, Any], embed: Mapping[str, Any]) -> tuple[str, ...]:
    in_group = ["group"] if headers.get("taskset") else []  # protocol 1 has the group under both names
    return tuple(
        dict.fromkeys([name for name in _WORKFLOW if embed.get(name) or headers.get(name)] + in_group)
    )


def _custom_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name not in _PROTOCOL}
    for name in ("root_id", "parent_id"):
        if headers.get(name):
            kept[name] = headers[name]
    return {
        name: value if isinstance(value, str) else json.dumps(value, default=str)
        for name, value in kept.items()
        if isinstance(name, str) and value is not None
    }


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _time(headers: Mapping[str, Any], name: str) -> float | None:
    """Read a time. Raises DecodeError: without it, the task would run when it must not."""
    value = headers.get(name)
    seconds = epoch_seconds(value)
    if value and seconds is None:
        raise DecodeError(f"{name} {value!r:.80} of a Celery message is not a time")
    return seconds


def _retries(value: Any) -> int:
    return min(max(value, 0), MAX_ATTEMPTS) if type(value) is int else 0


def _shortest(limits: Any) -> float | None:
    """The shorter of the hard and the soft time limit."""
    given = [finite_number(limit) for limit in limits] if isinstance(limits, list) else []
    return min((limit for limit in given if limit and limit > 0), default=None)


def _bounded(value: Any) -> Any:
    """Return a value. Raises DecodeError for a number that takes very long to convert to an integer."""
    if isinstance(value, Decimal) and abs(value.adjusted()) > MAX_DIGITS:
        raise DecodeError(f"a decimal number of more than {MAX_DIGITS:,} digits cannot be read")
    return value


def _plain(value: Any) -> Any:
    """Return a value in the types that schemas load: times as text."""
    if isinstance(value, dict):
        if value.keys() == _TAGGED:
            return _plain(_bounded(decode_tagged(value)))
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value
