"""Conversion between boto3's parameters and responses and the package's wire values.

The local broker uses the same shapes, so both the AWS and the memory transport use this module. No I/O.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from json import loads
from typing import Any, TypeVar

from ..wire.record_reader import make_attribute, make_record
from ..wire.records import (
    NO_ATTRIBUTES,
    THROTTLING_CODES,
    Attribute,
    EntryFailure,
    MoveTaskStatus,
    Outgoing,
    QueueAttributes,
    Record,
    Sent,
)

logger = logging.getLogger(__name__)

Shape = dict[str, Any]
Result = TypeVar("Result")

SYSTEM_ATTRIBUTES = (
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SentTimestamp",
    "MessageGroupId",
    "MessageDeduplicationId",
    "SequenceNumber",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
)
"""System attributes that a `Record` needs, and so those that a receive requests."""

_LOST = frozenset({"ReceiptHandleIsInvalid", "MessageNotInflight"})

# SQS has no error code for these, only the text of InvalidParameterValue. The first two texts were observed;
# the last is from the API reference of ChangeMessageVisibility.
_LOST_TEXTS = ("for parameter ReceiptHandle is invalid", "Total VisibilityTimeout", "maximum time left")

_NOT_MENTIONED = EntryFailure("Unanswered", "the response does not mention this entry", retriable=True)


def parse_messages(messages: Any) -> list[Record]:
    """Records from the `Messages` of ReceiveMessage, without those that lack an id or a receipt handle."""
    found = messages if isinstance(messages, list) else []
    return [parse_message(message) for message in found if _can_be_settled(message)]


def parse_message(message: Mapping[str, Any]) -> Record:
    """Record from a message of ReceiveMessage that has an id and a receipt handle."""
    return make_record(
        message.get("Body"),
        message["ReceiptHandle"],
        message["MessageId"],
        message.get("Attributes"),
        parse_attributes(message.get("MessageAttributes")),
    )


def parse_attributes(shapes: Any) -> Mapping[str, Attribute]:
    """Received message attributes, without those that lack a type or a value."""
    if not shapes or not isinstance(shapes, dict):
        return NO_ATTRIBUTES
    return {name: found for name, shape in shapes.items() if (found := _attribute(shape)) is not None}


def format_attributes(attributes: Mapping[str, Attribute]) -> dict[str, Shape]:
    """Message attributes in the shape for sending and publishing."""
    return {
        name: {
            "DataType": attribute.type,
            "BinaryValue" if isinstance(attribute.value, bytes) else "StringValue": attribute.value,
        }
        for name, attribute in attributes.items()
    }


def send_parameters(message: Outgoing) -> Shape:
    """Return the parameters of SendMessage that describe the message, without its queue and its delay."""
    return _message_parameters("MessageBody", message)


def publish_parameters(message: Outgoing) -> Shape:
    """Return the parameters of Publish that describe the message, without its topic."""
    return _message_parameters("Message", message)


def send_entries(entries: Sequence[Outgoing]) -> list[Shape]:
    """Entries of SendMessageBatch; each Id is the index."""
    return [_send_entry(index, entry) for index, entry in enumerate(entries)]


def publish_entries(entries: Sequence[Outgoing]) -> list[Shape]:
    """Entries of PublishBatch; each Id is the index."""
    return [
        {"Id": str(index), **_message_parameters("Message", entry)} for index, entry in enumerate(entries)
    ]


def delete_entries(handles: Sequence[str]) -> list[Shape]:
    """Entries of DeleteMessageBatch."""
    return [{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(handles)]


def visibility_entries(changes: Sequence[tuple[str, int]]) -> list[Shape]:
    """Entries of ChangeMessageVisibilityBatch."""
    return [
        {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
        for index, (handle, seconds) in enumerate(changes)
    ]


def parse_sent(response: Shape, count: int) -> list[Sent | EntryFailure]:
    """Results from the response to SendMessageBatch or PublishBatch with `count` entries."""
    return _by_entry(response, count, lambda entry: Sent(str(entry.get("MessageId", ""))))


def parse_settled(response: Shape, count: int) -> list[EntryFailure | None]:
    """Results of DeleteMessageBatch or ChangeMessageVisibilityBatch with `count` entries."""
    successful = response.get("Successful")
    if not response.get("Failed") and isinstance(successful, list) and len(successful) == count:
        return [None] * count
    return _by_entry(response, count, lambda entry: None)


def parse_queue_attributes(shape: Mapping[str, Any]) -> QueueAttributes:
    """Queue attributes from the `Attributes` of GetQueueAttributes; malformed values count as absent."""
    redrive = _object(shape.get("RedrivePolicy"))
    arn, dead_letter_arn = shape.get("QueueArn"), redrive.get("deadLetterTargetArn")
    receives = _integer(redrive, "maxReceiveCount", -1)
    return QueueAttributes(
        arn=arn if isinstance(arn, str) else "",
        fifo=shape.get("FifoQueue") == "true",
        visibility_timeout=_integer(shape, "VisibilityTimeout", 30),
        retention=_integer(shape, "MessageRetentionPeriod", 345_600),
        max_message_size=_integer(shape, "MaximumMessageSize", 1_048_576),
        dead_letter_arn=dead_letter_arn if isinstance(dead_letter_arn, str) else None,
        max_receive_count=receives if receives >= 0 else None,
        visible=_integer(shape, "ApproximateNumberOfMessages", 0),
        in_flight=_integer(shape, "ApproximateNumberOfMessagesNotVisible", 0),
        delayed=_integer(shape, "ApproximateNumberOfMessagesDelayed", 0),
    )


def parse_move_task(shape: Mapping[str, Any]) -> MoveTaskStatus:
    """Status from one of the `Results` of ListMessageMoveTasks."""
    return MoveTaskStatus(
        status=str(shape.get("Status", "")),
        moved=_integer(shape, "ApproximateNumberOfMessagesMoved", 0),
        to_move=_integer(shape, "ApproximateNumberOfMessagesToMove", 0),
        handle=shape.get("TaskHandle"),
        failure=shape.get("FailureReason"),
    )


def _can_be_settled(message: Any) -> bool:
    if (
        isinstance(message, dict)
        and isinstance(message.get("ReceiptHandle"), str)
        and isinstance(message.get("MessageId"), str)
    ):
        return True
    logger.error("received a message without an id or a receipt handle: ignored, SQS delivers it again")
    return False


def _attribute(shape: Any) -> Attribute | None:
    if not isinstance(shape, dict):
        return None
    value = shape.get("StringValue")
    return make_attribute(shape.get("DataType"), shape.get("BinaryValue") if value is None else value)


def _send_entry(index: int, entry: Outgoing) -> Shape:
    shape = {"Id": str(index), **send_parameters(entry)}
    if entry.delay:
        shape["DelaySeconds"] = entry.delay
    return shape


def _message_parameters(body: str, message: Outgoing) -> Shape:
    shape: Shape = {body: message.body}
    if message.attributes:
        shape["MessageAttributes"] = format_attributes(message.attributes)
    if message.group_id is not None:
        shape["MessageGroupId"] = message.group_id
    if message.deduplication_id is not None:
        shape["MessageDeduplicationId"] = message.deduplication_id
    return shape


def _by_entry(response: Shape, count: int, success: Callable[[Shape], Result]) -> list[Result | EntryFailure]:
    results: dict[str, Result | EntryFailure] = {}
    for entry in _entries(response, "Successful"):
        results[str(entry.get("Id"))] = success(entry)
    for entry in _entries(response, "Failed"):
        results[str(entry.get("Id"))] = _failure(entry)
    return [results.get(str(index), _NOT_MENTIONED) for index in range(count)]


def _entries(response: Shape, name: str) -> list[Shape]:
    entries = response.get(name)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _object(text: Any) -> Shape:
    try:
        found = loads(text or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _integer(shape: Mapping[str, Any], name: str, default: int) -> int:
    try:
        return int(shape.get(name, default))
    except (TypeError, ValueError, OverflowError):
        return default


def _failure(entry: Shape) -> EntryFailure:
    code, message = str(entry.get("Code", "")), str(entry.get("Message", ""))
    kind = code.rpartition(".")[2]
    lost = kind in _LOST or (kind == "InvalidParameterValue" and any(text in message for text in _LOST_TEXTS))
    retriable = not lost and (not entry.get("SenderFault", False) or kind in THROTTLING_CODES)
    return EntryFailure(code, message, retriable, lost)
