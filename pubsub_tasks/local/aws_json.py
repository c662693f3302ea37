"""AWS JSON: SQS's requests and answers as its SDKs write them. Knows shapes, and no action's meaning.

Source: the AWS JSON 1.0 protocol, with the `x-amzn-query-error` header of services that once spoke the query
protocol, as SQS did.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .rules.service_errors import ServiceError

CONTENT_TYPE = b"application/x-amz-json-1.0"
TARGET = b"AmazonSQS."
"""How the header `X-Amz-Target` begins; the action's name follows."""

_BINARY = "BinaryValue"


def read(target: bytes, body: bytes) -> tuple[str, dict[str, Any]]:
    """The action and its parameters in boto3's shapes. Raises ServiceError for what cannot be read."""
    try:
        params = json.loads(body or b"{}")
        if b'"BinaryValue"' in body:
            _turn(params, b64decode)
    except (ValueError, TypeError, RecursionError) as error:
        raise ServiceError("SerializationException", f"The request cannot be read: {error}") from error
    if not isinstance(params, dict):
        raise ServiceError("SerializationException", "The request must be a JSON object.")
    return target.removeprefix(TARGET).decode(), params


def write(answer: Mapping[str, Any]) -> bytes:
    """The body of an answer given in boto3's shapes."""
    return json.dumps(answer, default=_text).encode()


def refusal(error: ServiceError) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Body and headers that tell a refusal."""
    fault = "Sender" if error.sender_fault else "Receiver"
    body = {"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message}
    return json.dumps(body).encode(), [(b"x-amzn-query-error", f"{error.query_code};{fault}".encode())]


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _turn(params: Any, decode: Callable[[str], bytes]) -> None:
    for attributes in _attributes(params):
        for attribute in attributes.values():
            if _BINARY in attribute:
                attribute[_BINARY] = decode(attribute[_BINARY])


def _attributes(params: Any) -> Iterator[dict[str, Any]]:
    for holder in (params, *params.get("Entries", ())):
        yield holder.get("MessageAttributes") or {}
