"""SQS actions on messages: validation of the parameters, and the shape of the response."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..queues.fifo_queue import FifoQueue
from ..queues.queue import BrokerQueue
from ..queues.stored_message import StoredMessage, check_system_names, digest
from ..rules import message_attributes
from ..rules.account import Account
from ..rules.ids import sequence_number
from ..rules.limits import (
    DELAY,
    RECEIVE,
    SQS_SIZE,
    VISIBILITY,
    WAIT,
    check_batch,
    check_characters,
    check_token,
    failure,
    text_size,
    whole,
)
from ..rules.service_errors import ServiceError, invalid_value, missing

Params = Mapping[str, Any]
Answer = dict[str, Any]
T = TypeVar("T")

_NOT_HERE = "The request include parameter that is not valid for this queue type."


@dataclass(frozen=True, slots=True)
class _Draft:
    """A validated message, except for its size in bytes; `delay` is in seconds."""

    size: int
    body: str
    delay: int | None
    fields: Mapping[str, Any]


def send_message(account: Account, params: Params, now: float) -> Answer:
    """Send one message."""
    queue = account.queue(params.get("QueueUrl"))
    return _send(account, queue, _draft(queue, params), now)


def send_message_batch(account: Account, params: Params, now: float) -> Answer:
    """Send up to ten messages of 1 MiB in total; each succeeds or fails alone."""
    queue = account.queue(params.get("QueueUrl"))
    entries = check_batch(params.get("Entries"))
    drafts = [_draft_or_refusal(queue, entry) for entry in entries]
    total = sum(draft.size for draft in drafts if isinstance(draft, _Draft))
    if total > SQS_SIZE:
        raise ServiceError(
            "BatchRequestTooLong",
            f"Batch requests cannot be longer than {SQS_SIZE} bytes. You have sent {total} bytes.",
        )
    return batch_response(zip(entries, drafts, strict=True), lambda draft: _send(account, queue, draft, now))


def receive_message(account: Account, params: Params, now: float) -> Answer:
    """Receive what is available now. The caller waits for a long poll."""
    queue = account.queue(params.get("QueueUrl"))
    most = whole(params, "MaxNumberOfMessages", 1, RECEIVE) or 1
    visibility = whole(params, "VisibilityTimeout", 0, VISIBILITY)
    whole(params, "WaitTimeSeconds", 0, WAIT)
    names = params.get("MessageAttributeNames") or ()
    system_names = {*(params.get("MessageSystemAttributeNames") or ()), *(params.get("AttributeNames") or ())}
    check_system_names(system_names)
    if visibility is None:
        visibility = queue.settings.visibility
    taken = _receive(account, queue, params.get("ReceiveRequestAttemptId"), most, visibility, now)
    return {"Messages": [message.shown(system_names, names) for message in taken]} if taken else {}


def delete_message(account: Account, params: Params, now: float) -> Answer:
    """Delete one message."""
    return _delete(account.queue(params.get("QueueUrl")), params, now)


def delete_message_batch(account: Account, params: Params, now: float) -> Answer:
    """Delete up to ten messages; each succeeds or fails alone."""
    queue = account.queue(params.get("QueueUrl"))
    entries = check_batch(params.get("Entries"))
    return batch_response(((entry, entry) for entry in entries), lambda entry: _delete(queue, entry, now))


def change_message_visibility(account: Account, params: Params, now: float) -> Answer:
    """Change the visibility timeout of one message."""
    return _change(account.queue(params.get("QueueUrl")), params, now)


def change_message_visibility_batch(account: Account, params: Params, now: float) -> Answer:
    """Change the visibility timeouts of up to ten messages; each succeeds or fails alone."""
    queue = account.queue(params.get("QueueUrl"))
    entries = check_batch(params.get("Entries"))
    return batch_response(((entry, entry) for entry in entries), lambda entry: _change(queue, entry, now))


def batch_response(entries: Iterable[tuple[Params, T]], act: Callable[[T], Answer]) -> Answer:
    """The response to a batch. An entry that fails is listed in `Failed` and does not affect the others."""
    successful, failed = [], []
    for entry, subject in entries:
        try:
            successful.append({"Id": entry["Id"], **act(subject)})
        except ServiceError as refusal:
            failed.append(failure(entry, refusal))
    answer: Answer = {"Successful": successful}
    if failed:
        answer["Failed"] = failed
    return answer


def _draft_or_refusal(queue: BrokerQueue, entry: Params) -> _Draft | ServiceError:
    try:
        return _draft(queue, entry)
    except ServiceError as refusal:
        return refusal


def _draft(queue: BrokerQueue, params: Params) -> _Draft:
    body = params.get("MessageBody")
    if not body:
        raise missing("MessageBody")
    check_characters(body, "message body")
    size = text_size(body)
    fields = _identity(queue, params, body)
    attributes = params.get("MessageAttributes")
    if attributes:
        message_attributes.check_count(attributes)
        size += message_attributes.size_of(attributes)
        fields["attributes"] = attributes
    system = params.get("MessageSystemAttributes")
    if system:
        fields["trace_header"] = _trace_header(system)
    return _Draft(size, body, _delay(queue, params), fields)


def _identity(queue: BrokerQueue, params: Params, body: str) -> dict[str, Any]:
    group, deduplication_id = params.get("MessageGroupId"), params.get("MessageDeduplicationId")
    if group is not None:
        check_token("MessageGroupId", group)
    elif queue.settings.fifo:
        raise missing("MessageGroupId")
    if deduplication_id is not None:
        check_token("MessageDeduplicationId", deduplication_id)
        if not queue.settings.fifo:
            raise invalid_value("MessageDeduplicationId", deduplication_id, _NOT_HERE)
    elif queue.settings.fifo and not queue.settings.content_based:
        raise ServiceError(
            "InvalidParameterValue",
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
            "provided explicitly",
        )
    return {"group": group, "deduplication_id": deduplication_id}


def _delay(queue: BrokerQueue, params: Params) -> int | None:
    delay = whole(params, "DelaySeconds", 0, DELAY)
    if delay and queue.settings.fifo:
        raise invalid_value("DelaySeconds", delay, _NOT_HERE)
    return None if queue.settings.fifo else delay


def _trace_header(system: Params) -> str:
    attribute = system.get("AWSTraceHeader")
    if len(system) > 1 or not attribute or attribute.get("DataType") != "String":
        raise ServiceError(
            "InvalidParameterValue",
            f"The only message system attribute is AWSTraceHeader, a String; you have sent {list(system)}.",
        )
    value: str = attribute.get("StringValue") or ""
    message_attributes.size_of({"AWSTraceHeader": attribute})
    return value


def _send(account: Account, queue: BrokerQueue, draft: _Draft | ServiceError, now: float) -> Answer:
    if isinstance(draft, ServiceError):
        raise draft
    check_size(queue, draft.size)
    message = queue.send(draft.body, now, draft.delay, sender=account.number, **draft.fields)
    return _receipt(message, draft)


def check_size(queue: BrokerQueue, size: int) -> None:
    """Raise ServiceError `InvalidParameterValue` if the size exceeds the queue's MaximumMessageSize."""
    if size > queue.settings.size:
        raise ServiceError(
            "InvalidParameterValue",
            f"One or more parameters are invalid. Reason: Message must be shorter than "
            f"{queue.settings.size} bytes; it has {size}.",
        )


def _receipt(message: StoredMessage, draft: _Draft) -> Answer:
    """The response to a send; for a duplicate, the id of the first message and the digests of this one."""
    first = message.body is draft.body
    answer = {
        "MessageId": message.id,
        "MD5OfMessageBody": message.body_md5 if first else digest(draft.body),
    }
    if message.sequence:
        answer["SequenceNumber"] = sequence_number(message.key)
    attributes, trace = draft.fields.get("attributes"), draft.fields.get("trace_header")
    if attributes:
        answer["MD5OfMessageAttributes"] = message_attributes.digest(attributes)
    if trace:
        system = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
        answer["MD5OfMessageSystemAttributes"] = message_attributes.digest(system)
    return answer


def _receive(
    account: Account, queue: BrokerQueue, attempt: str | None, most: int, visibility: int, now: float
) -> list[StoredMessage]:
    dead_letters = account.dead_letters(queue)
    if attempt is None:
        return queue.receive(most, visibility, now, dead_letters)
    check_token("ReceiveRequestAttemptId", attempt)
    if not isinstance(queue, FifoQueue):
        raise invalid_value("ReceiveRequestAttemptId", attempt, _NOT_HERE)
    return queue.receive_again(attempt, most, visibility, now, dead_letters)


def _delete(queue: BrokerQueue, params: Params, now: float) -> Answer:
    queue.delete(_handle(params), now)
    return {}


def _change(queue: BrokerQueue, params: Params, now: float) -> Answer:
    seconds = whole(params, "VisibilityTimeout", 0, VISIBILITY)
    if seconds is None:
        raise missing("VisibilityTimeout")
    queue.change_visibility(_handle(params), seconds, now)
    return {}


def _handle(params: Params) -> str:
    handle = params.get("ReceiptHandle")
    if not handle:
        raise missing("ReceiptHandle")
    return str(handle)


ACTIONS = {
    "ChangeMessageVisibility": change_message_visibility,
    "ChangeMessageVisibilityBatch": change_message_visibility_batch,
    "DeleteMessage": delete_message,
    "DeleteMessageBatch": delete_message_batch,
    "ReceiveMessage": receive_message,
    "SendMessage": send_message,
    "SendMessageBatch": send_message_batch,
}
