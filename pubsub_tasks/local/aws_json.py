"""The AWS JSON protocol, in which SDKs call SQS.

Source: the AWS JSON 1.0 protocol, with the `x-amzn-query-error` header of services that formerly used the
query protocol, as SQS did.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .rules.service_errors import ServiceError

CONTENT_TYPE = b"application/x-amz-json-1.0"
TARGET = b"AmazonSQS."
"""Prefix of the header `X-Amz-Target`; the action's name follows."""

_BINARY = "BinaryValue"

_NUMBERS = (
    *("DelaySeconds", "MaxNumberOfMessages", "MaxNumberOfMessagesPerSecond", "MaxResults"),
    *("VisibilityTimeout", "WaitTimeSeconds"),
)
_LISTS = (
    *("Actions", "AWSAccountIds", "AttributeNames", "Entries", "MessageAttributeNames"),
    *("MessageSystemAttributeNames", "TagKeys"),
)
_MAPS = ("Attributes", "MessageAttributes", "MessageSystemAttributes", "Tags", "tags")
_STRUCTURES = ("Entries", "MessageAttributes", "MessageSystemAttributes")
_TYPES: Mapping[str, type] = {
    **dict.fromkeys(_NUMBERS, int),
    **dict.fromkeys(_LISTS, list),
    **dict.fromkeys(_MAPS, dict),
    _BINARY: bytes,
}
"""Types of members of requests by name; all others are text. Source: the SQS model."""


def read(target: bytes, body: bytes) -> tuple[str, dict[str, Any]]:
    """The action and its parameters in boto3's shapes.

    Raises ServiceError if the request cannot be parsed.
    """
    try:
        params = json.loads(body or b"{}")
        if b'"BinaryValue"' in body:
            _decode_binary(params, b64decode)
    except (AttributeError, ValueError, TypeError, RecursionError) as error:
        raise ServiceError("SerializationException", f"The request cannot be read: {error}") from error
    if not isinstance(params, dict):
        raise ServiceError("SerializationException", "The request must be a JSON object.")
    return target.removeprefix(TARGET).decode(), params


def misfit(params: Mapping[str, Any]) -> str | None:
    """The name of the first member, at any level, whose type is not the SQS model's; None if all fit."""
    for name, value in params.items():
        wanted = _TYPES.get(name, str)
        if value is not None and not isinstance(value, wanted):
            return name
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for each in inner:
            if isinstance(each, dict) and (found := misfit(each)):
                return f"{name}.{found}"
            if not isinstance(each, dict if name in _STRUCTURES else str):
                return name
    return None


def write(answer: Mapping[str, Any]) -> bytes:
    """The body of a response that is given in boto3's shape."""
    return json.dumps(answer, default=_in_base64).encode()


def error_response(error: ServiceError) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Body and headers of an error response."""
    fault = "Sender" if error.sender_fault else "Receiver"
    body = {"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message}
    return json.dumps(body).encode(), [(b"x-amzn-query-error", f"{error.query_code};{fault}".encode())]


def _in_base64(value: bytes) -> str:
    return b64encode(value).decode()


def _decode_binary(params: Any, decode: Callable[[str], bytes]) -> None:
    for attributes in _attributes(params):
        for attribute in attributes.values():
            if _BINARY in attribute:
                attribute[_BINARY] = decode(attribute[_BINARY])


def _attributes(params: Any) -> Iterator[dict[str, Any]]:
    for holder in (params, *params.get("Entries", ())):
        yield holder.get("MessageAttributes") or {}
