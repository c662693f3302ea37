"""Message attributes of SQS and SNS: validation, size, MD5, and selection by name.

An attribute is in boto3's shape: `{"DataType": "String", "StringValue": "…"}` or with `BinaryValue` (bytes).
"""

import re
from collections.abc import Collection, Mapping
from hashlib import md5
from typing import Any

from .limits import ATTRIBUTES, check_characters, text_size
from .service_errors import ServiceError

_NAME = re.compile(r"[A-Za-z0-9_\-.]{1,256}")
_RESERVED = ("aws.", "amazon.")
_TYPES = ("String", "Number", "Binary")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def size_of(attributes: Mapping[str, Any]) -> int:
    """Size in bytes of all names, types and values, which counts towards the message's size.

    Raises:
        ServiceError: `InvalidParameterValue` if a name, type or value is not legal.
    """
    return sum(
        text_size(name) + text_size(attribute["DataType"]) + _value_size(name, attribute)
        for name, attribute in attributes.items()
        if _legal(name, attribute)
    )


def check_count(attributes: Mapping[str, Any]) -> None:
    """Raise ServiceError for more than ten, the limit of SQS.

    SNS accepts more but cannot deliver them raw.
    """
    if len(attributes) > ATTRIBUTES:
        raise _refused(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{ATTRIBUTES}]."
        )


def digest(attributes: Mapping[str, Any]) -> str:
    """MD5 as SDKs compute it: in order of names, length-prefixed name and type, transport type, value."""
    state = md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        kind = attribute["DataType"]
        binary = kind.startswith("Binary")
        value = bytes(attribute["BinaryValue"]) if binary else attribute["StringValue"].encode()
        for part in (name.encode(), kind.encode()):
            state.update(len(part).to_bytes(4, "big") + part)
        state.update(b"\2" if binary else b"\1")
        state.update(len(value).to_bytes(4, "big") + value)
    return state.hexdigest()


def chosen(attributes: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    """The attributes selected by name, by `prefix.*`, or by `All` or `.*` (ReceiveMessage)."""
    if "All" in names or ".*" in names:
        return attributes
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {
        name: attribute
        for name, attribute in attributes.items()
        if name in names or (prefixes and name.startswith(prefixes))
    }


def _legal(name: str, attribute: Mapping[str, Any]) -> bool:
    if not _NAME.fullmatch(name) or name.startswith(".") or name.endswith(".") or ".." in name:
        raise _refused(
            f"Message (user) attribute name '{name}' is invalid: 1 to 256 letters, digits, '_', '-' and '.', "
            "but no '.' at either end or twice in a row."
        )
    if name.lower().startswith(_RESERVED):
        raise _refused(f"Message (user) attribute name '{name}' starts with a prefix that AWS reserves.")
    kind = attribute.get("DataType")
    if not kind:
        raise _refused(f"The message attribute '{name}' must contain a DataType.")
    if kind.partition(".")[0] not in _TYPES or text_size(kind) > 256:
        raise _refused(
            f"The message attribute '{name}' has an invalid message attribute type '{kind}', the set of "
            "supported type prefixes is Binary, Number, and String."
        )
    return True


def _value_size(name: str, attribute: Mapping[str, Any]) -> int:
    kind: str = attribute["DataType"]
    field = "BinaryValue" if kind.startswith("Binary") else "StringValue"
    value = attribute.get(field)
    if not value:
        raise _refused(
            f"The message attribute '{name}' must contain a non-empty {field} for its type '{kind}'."
        )
    if field == "BinaryValue":
        return len(value)
    check_characters(value, f"message attribute '{name}'")
    if kind.startswith("Number"):
        _check_number(name, value)
    return text_size(value)


def _check_number(name: str, value: str) -> None:
    if not _NUMBER.fullmatch(value):
        raise _refused(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _refused(reason: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", reason)
