"""The AWS query protocol, in which SDKs call SNS and STS: requests as forms, responses as XML.

Source: the AWS query protocol. A list is `Name.member.1`, a map `Name.entry.1.key` and `Name.entry.1.value`.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from .rules.service_errors import ServiceError

CONTENT_TYPE = b"text/xml"
_NAMESPACES = {
    "sns": "http://sns.amazonaws.com/doc/2010-03-31/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
_MAPS = frozenset({"Attributes"})
"""Members of responses that are maps; all other objects are structures."""


def read(form: bytes) -> tuple[str, dict[str, Any]]:
    """The action and its parameters in boto3's shapes. Raises ServiceError if the form cannot be parsed."""
    tree: dict[str, Any] = {}
    try:
        for name, value in parse_qsl(form.decode(), keep_blank_values=True):
            _insert(tree, name.split("."), value)
        params = {name: _parse(name, value) for name, value in tree.items()}
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ServiceError("MalformedQueryString", f"The request cannot be read: {error}") from error
    return str(params.pop("Action", "")), params


def write(action: str, answer: Mapping[str, Any], request_id: str, service: str = "sns") -> bytes:
    """The body of a response that is given in boto3's shape."""
    return (
        f'<{action}Response xmlns="{_NAMESPACES[service]}">'
        f"<{action}Result>{_members(answer)}</{action}Result>"
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    ).encode()


def error_response(error: ServiceError, request_id: str, service: str = "sns") -> bytes:
    """The body of an error response."""
    fault = "Sender" if error.sender_fault else "Receiver"
    error_fields = {"Type": fault, "Code": error.code, "Message": error.message}
    return (
        f'<ErrorResponse xmlns="{_NAMESPACES[service]}"><Error>{_members(error_fields)}</Error>'
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def _insert(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _parse(name: str, node: Any) -> Any:
    if isinstance(node, str):
        return b64decode(node) if name == "BinaryValue" else node
    match node:
        case {"member": dict(members), **others} if not others:
            return [_parse("", members[number]) for number in sorted(members, key=int)]
        case {"entry": dict(entries), **others} if not others:
            return dict(_entry(entries[number]) for number in sorted(entries, key=int))
    return {name: _parse(name, value) for name, value in node.items()}


def _entry(entry: dict[str, Any]) -> tuple[str, Any]:
    """One entry of a map: attributes have `key` and `value`, message attributes `Name` and `Value`."""
    if "key" in entry:
        return entry["key"], _parse("", entry.get("value", ""))
    return entry["Name"], _parse("", entry["Value"])


def _members(members: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_to_xml(name, value)}</{name}>" for name, value in members.items())


def _to_xml(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        if name not in _MAPS:
            return _members(value)
        entries = (_members({"key": key, "value": each}) for key, each in value.items())
        return "".join(f"<entry>{entry}</entry>" for entry in entries)
    if isinstance(value, list | tuple):
        return "".join(f"<member>{_to_xml('', each)}</member>" for each in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value), {"\r": "&#13;"})  # which XML parsers read as a line feed
