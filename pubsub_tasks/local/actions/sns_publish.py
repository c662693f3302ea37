"""SNS's Publish and PublishBatch: validation, and delivery to the subscribed queues.

A copy goes to the subscription's dead-letter queue if its queue refuses it or does not exist. This affects
neither the publisher nor other subscribers (SNS message delivery retries: client-side errors).
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..queues.fifo_queue import content_id
from ..queues.queue import BrokerQueue
from ..rules import message_attributes
from ..rules.account import Account
from ..rules.ids import sequence_number
from ..rules.limits import ATTRIBUTES, check_batch, check_characters, check_token, text_size
from ..rules.service_errors import ServiceError, invalid_parameter
from ..topics.publication import Publication
from ..topics.subscription import Subscription
from ..topics.topic import Topic
from .sqs_messages import batch_response, check_size

Params = Mapping[str, Any]
Answer = dict[str, Any]

_SUBJECT = 100  # characters; a subject must be shorter


@dataclass(frozen=True, slots=True)
class _Copy:
    """The message for one queue."""

    body: str
    size: int
    attributes: Mapping[str, Any]
    group: str | None
    deduplication_id: str | None


def publish(account: Account, params: Params, now: float) -> Answer:
    """Publish one message."""
    arn = params.get("TopicArn") or params.get("TargetArn")
    if not arn:
        raise invalid_parameter("TopicArn", "The local broker publishes to topics only: set TopicArn.")
    topic = account.topic(arn)
    draft = _draft(topic, params, now)
    if draft.size > topic.size:
        raise invalid_parameter("Message too long", f"{draft.size} bytes, the topic's limit is {topic.size}.")
    return _publish(account, topic, draft, now)


def publish_batch(account: Account, params: Params, now: float) -> Answer:
    """Publish up to ten messages, whose total size is limited as for one; each succeeds or fails alone."""
    topic = account.topic(params.get("TopicArn") or "")
    entries = check_batch(params.get("PublishBatchRequestEntries"))
    drafts = [_draft_or_refusal(topic, entry, now) for entry in entries]
    total = sum(draft.size for draft in drafts if isinstance(draft, Publication))
    if total > topic.size:
        raise ServiceError(
            "BatchRequestTooLong",
            f"The length of all the messages put together is more than the limit: {total} of {topic.size}.",
        )
    answer = batch_response(
        zip(entries, drafts, strict=True), lambda draft: _publish(account, topic, draft, now)
    )
    return {"Failed": [], **answer}


def _draft_or_refusal(topic: Topic, entry: Params, now: float) -> Publication | ServiceError:
    try:
        return _draft(topic, entry, now)
    except ServiceError as refusal:
        return refusal


def _draft(topic: Topic, params: Params, now: float) -> Publication:
    """The publication without id and sequence number. Raises ServiceError if it is not legal."""
    message = params.get("Message")
    if not message:
        raise invalid_parameter("Message", "Empty message")
    attributes = params.get("MessageAttributes") or {}
    structured = _structured(params)
    return Publication(
        id="",
        topic_arn=topic.arn,
        text=_for_queues(message) if structured else message,
        size=text_size(message) + _size_of(attributes),
        published_at=now,
        signature_version=topic.texts.get("SignatureVersion", "1"),
        subject=_subject(params),
        attributes=attributes,
        structured=structured,
        group=_group(topic, params),
        deduplication_id=_deduplication_id(topic, params, message),
    )


def _structured(params: Params) -> bool:
    structure = params.get("MessageStructure")
    if structure not in (None, "", "json"):
        raise invalid_parameter("MessageStructure", f"{structure!r} is not json.")
    return structure == "json"


def _for_queues(message: str) -> str:
    try:
        texts = json.loads(message)
    except ValueError as error:
        raise invalid_parameter("Message Structure", "JSON message body failed to parse") from error
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise invalid_parameter("Message Structure", "No default entry in JSON message body")
    chosen = texts.get("sqs", texts["default"])
    if not isinstance(chosen, str):
        raise invalid_parameter("Message Structure", "The entry sqs must be a string.")
    return chosen


def _size_of(attributes: Mapping[str, Any]) -> int:
    try:
        return message_attributes.size_of(attributes) if attributes else 0
    except ServiceError as refusal:
        raise ServiceError("ParameterValueInvalid", refusal.message) from refusal


def _subject(params: Params) -> str | None:
    subject: str | None = params.get("Subject")
    if subject is None:
        return None
    if not subject or len(subject) >= _SUBJECT or not subject.isprintable():
        raise invalid_parameter(
            "Subject", f"1 to {_SUBJECT - 1} characters, no line breaks or control characters: {subject!r}."
        )
    return subject


def _group(topic: Topic, params: Params) -> str | None:
    group: str | None = params.get("MessageGroupId")
    if group is None and topic.fifo:
        raise invalid_parameter("MessageGroupId", "The MessageGroupId parameter is required for FIFO topics")
    if group is not None:
        _check_token("MessageGroupId", group)
    return group


def _deduplication_id(topic: Topic, params: Params, message: str) -> str | None:
    given: str | None = params.get("MessageDeduplicationId")
    if given is None:
        if topic.fifo and not topic.content_based:
            raise invalid_parameter(
                "MessageDeduplicationId",
                "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
                "provided explicitly",
            )
        return content_id(message) if topic.fifo else None
    if not topic.fifo:
        raise invalid_parameter("MessageDeduplicationId", "The parameter is only valid for FIFO topics.")
    _check_token("MessageDeduplicationId", given)
    return given


def _check_token(name: str, value: str) -> None:
    try:
        check_token(name, value)
    except ServiceError as refusal:
        raise invalid_parameter(name, refusal.message) from refusal


def _publish(account: Account, topic: Topic, draft: Publication | ServiceError, now: float) -> Answer:
    if isinstance(draft, ServiceError):
        raise draft
    if not topic.fifo:
        publication = replace(draft, id=account.ids.uuid())
        _fan_out(account, topic, publication, now)
        return {"MessageId": publication.id}
    scope = (topic.scope(draft.group), draft.deduplication_id or "")
    accepted = topic.recent.find(scope, now)
    if accepted is None:
        accepted = account.ids.uuid(), sequence_number(account.ids.key())
        topic.recent.remember(scope, accepted, now)
        _fan_out(account, topic, replace(draft, id=accepted[0], sequence=accepted[1]), now)
    return {"MessageId": accepted[0], "SequenceNumber": accepted[1]}


def _fan_out(account: Account, topic: Topic, publication: Publication, now: float) -> None:
    for subscription in topic.subscriptions.values():
        if subscription.wants(publication):
            _deliver(account, subscription, publication, now)


def _deliver(account: Account, subscription: Subscription, publication: Publication, now: float) -> None:
    copy = _copy(account, subscription, publication)
    try:
        _send(account, subscription.endpoint, copy, now)
    except ServiceError as refusal:
        if subscription.dead_letters is not None:
            _dead_letter(account, subscription.dead_letters, copy, refusal, now)


def _copy(account: Account, subscription: Subscription, publication: Publication) -> _Copy:
    """Group and deduplication id are delivered only if topic and queue are of the same type (SNS guide)."""
    fifo = publication.deduplication_id is not None
    grouped = fifo == subscription.endpoint.endswith(".fifo")
    raw = subscription.raw
    return _Copy(
        body=publication.text if raw else publication.notification(subscription.arn, account.endpoint),
        size=publication.size,
        attributes=publication.delivered_attributes if raw else {},
        group=publication.group if grouped else None,
        deduplication_id=publication.deduplication_id if grouped else None,
    )


def _send(account: Account, arn: str, copy: _Copy, now: float) -> None:
    queue: BrokerQueue | None = account.queue_by_arn(arn)
    if queue is None:
        raise ServiceError("QueueDoesNotExist", f"The specified queue does not exist: {arn}.")
    message_attributes.check_count(copy.attributes)
    check_characters(copy.body, "message body")
    check_size(queue, copy.size)
    queue.send(
        copy.body,
        now,
        attributes=copy.attributes,
        group=copy.group,
        deduplication_id=copy.deduplication_id,
        sender=account.number,
    )


def _dead_letter(account: Account, arn: str, copy: _Copy, refusal: ServiceError, now: float) -> None:
    """The message's attributes are left out if they exceed the limit together with the failure reason."""
    reasons = {
        "RequestID": account.ids.uuid(),
        "ErrorCode": str(refusal.status),
        "ErrorMessage": refusal.message,
    }
    failure = {name: {"DataType": "String", "StringValue": text} for name, text in reasons.items()}
    kept = {**copy.attributes, **failure}
    letter = replace(copy, attributes=kept if len(kept) <= ATTRIBUTES else failure)
    # If the dead-letter queue refuses it too, the message is lost, as in SNS.
    with suppress(ServiceError):
        _send(account, arn, letter, now)


ACTIONS = {"Publish": publish, "PublishBatch": publish_batch}
