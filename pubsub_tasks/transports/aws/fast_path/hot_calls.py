"""Serialization of the hot calls: the few calls that a worker and a producer make all the time.

Parameters and responses are in boto3's shapes; the tests compare them with botocore's own serializers and
parsers. Error responses are not parsed here. Source: the AWS JSON 1.0 and AWS query protocols.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Any, NamedTuple

from ....wire.json_parser import parse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Shape = dict[str, Any]

_UNTOUCHED = f"{ascii_letters}{digits}_.-~% ".encode()
"""What `_quoted` does not look for."""

_ESCAPES = {byte: (bytes([byte]), b"%%%02X" % byte) for byte in range(256)}

_MEMBER = "<member>~(?:<Id>#</Id>~<MessageId>#</MessageId>|<MessageId>#</MessageId>~<Id>#</Id>)~</member>"
_ALL_PUBLISHED = (
    (
        '<PublishBatchResponse(?: xmlns="[a-z0-9:/.-]*")?>~<PublishBatchResult>~(?:<Failed/>~)?'
        f"<Successful>((?:~{_MEMBER})*)~</Successful>~(?:<Failed/>~)?</PublishBatchResult>~"
        "<ResponseMetadata>~<RequestId>#</RequestId>~</ResponseMetadata>~</PublishBatchResponse>~"
    )
    .replace("~", r"[ \t\r\n]*")
    .replace("#", "[0-9A-Za-z-]*")
)
"""The answer of SNS if all messages were published to a standard topic.

Not compiled here, since a worker may publish nothing: `re` keeps what it has compiled.
"""


class HotCalls(NamedTuple):
    """The hot calls of one service. `read` raises any exception for a response that it cannot parse."""

    content_type: str
    actions: frozenset[str]
    write: Callable[[str, Mapping[str, Any]], bytes]
    read: Callable[[bytes], Shape]


def _to_json(action: str, params: Mapping[str, Any]) -> bytes:
    return json.dumps(params, default=_in_base64).encode()


def _from_json(body: bytes) -> Shape:
    # botocore leaves out members that are null.
    answer: Shape = json.loads(body, object_hook=_without_nulls) if b"null" in body else parse(body)
    for message in answer.get("Messages", ()):
        for attribute in _attributes(message):
            attribute["BinaryValue"] = _from_base64(attribute.get("BinaryValue"))
    return answer


def _attributes(message: Any) -> Iterator[Shape]:
    """The binary attributes of a received message; none if the message is malformed."""
    attributes = message.get("MessageAttributes") if isinstance(message, dict) else None
    for attribute in attributes.values() if isinstance(attributes, dict) else ():
        if isinstance(attribute, dict) and "BinaryValue" in attribute:
            yield attribute


def _from_base64(value: Any) -> bytes | None:
    try:
        return b64decode(value)
    except (TypeError, ValueError):
        return None


def _without_nulls(members: Shape) -> Shape:
    return {name: value for name, value in members.items() if value is not None}


def _to_form(action: str, params: Mapping[str, Any]) -> bytes:
    fields = [f"Action={action}&Version=2010-03-31"]
    for name, value in params.items():
        _add(fields, name, value)
    return "&".join(fields).encode()


def _add(fields: list[str], name: str, value: Any) -> None:
    """Add the form fields of a parameter: `Name.member.1` for a list, `Name.entry.1.Name` and `.Value` for
    attributes.
    """
    if isinstance(value, str):
        fields.append(f"{name}={_quoted(value)}")
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            _add(fields, f"{name}.member.{number}", each)
    elif name.endswith("MessageAttributes"):
        for number, (key, each) in enumerate(value.items(), 1):
            fields.append(f"{name}.entry.{number}.Name={_quoted(key)}")
            _add(fields, f"{name}.entry.{number}.Value", each)
    elif isinstance(value, dict):
        for key, each in value.items():
            _add(fields, f"{name}.{key}", each)
    else:
        fields.append(f"{name}={_quoted(_in_base64(value))}")


def _quoted(text: str) -> str:
    """Return what `urllib.parse.quote_plus` does, which looks at each character alone."""
    quoted = text.encode().replace(b"%", b"%25")
    for byte in set(quoted.translate(None, _UNTOUCHED)):
        quoted = quoted.replace(*_ESCAPES[byte])
    return quoted.replace(b" ", b"+").decode()


def _from_xml(body: bytes) -> Shape:
    text = body.decode("latin-1")
    published = re.fullmatch(_ALL_PUBLISHED, text)
    if published is None:
        return _parse_xml(body)
    found = zip(*(re.findall(f"<{name}>([^<]*)", published[1]) for name in ("Id", "MessageId")), strict=True)
    answer: Shape = {"Successful": [{"Id": each, "MessageId": message_id} for each, message_id in found]}
    return {**answer, "Failed": []} if "<Failed/>" in text else answer


def _parse_xml(body: bytes) -> Shape:
    from xml.etree.ElementTree import fromstring  # for publishing only

    (result,) = (part for part in fromstring(body) if _name(part) == "PublishBatchResult")
    return {_name(entries): [_entry(each) for each in entries] for entries in result}


def _entry(node: "Element") -> Shape:
    entry: Shape = {_name(member): member.text or "" for member in node}
    if "SenderFault" in entry:
        entry["SenderFault"] = entry["SenderFault"] == "true"
    return entry


def _name(node: "Element") -> str:
    return node.tag.rpartition("}")[2]


def _in_base64(value: object) -> str:
    if not isinstance(value, bytes):
        raise TypeError(f"{value!r} cannot be sent")
    return b64encode(value).decode()


HOT_CALLS = {
    "sqs": HotCalls(
        "application/x-amz-json-1.0",
        frozenset(
            {
                *("ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessageBatch"),
                *("GetQueueAttributes", "GetQueueUrl"),  # with which a worker starts
            }
        ),
        _to_json,
        _from_json,
    ),
    "sns": HotCalls("application/x-www-form-urlencoded", frozenset({"PublishBatch"}), _to_form, _from_xml),
}
"""By service name."""
