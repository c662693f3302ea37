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


def read(target: bytes, body: bytes) -> tuple[str, dict[str, Any]]:
    """The action and its parameters in boto3's shapes.

    Raises ServiceError if the request cannot be parsed.
    """
    try:
        params = json.loads(body or b"{}")
        if b'"BinaryValue"' in body:
            _decode_binary(params, b64decode)
    except (ValueError, TypeError, RecursionError) as error:
        raise ServiceError("SerializationException", f"The request cannot be read: {error}") from error
    if not isinstance(params, dict):
        raise ServiceError("SerializationException", "The request must be a JSON object.")
    return target.removeprefix(TARGET).decode(), params


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
