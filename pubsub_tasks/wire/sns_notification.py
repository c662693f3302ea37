"""Read the JSON that SNS wraps around a message if delivery is not raw.

Source: SNS developer guide, "Fanout Amazon SNS notifications to Amazon SQS queues".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from ..errors import EnvelopeError
from .record_reader import make_attribute_from_base64
from .records import MEDIA_TYPE, NO_ATTRIBUTES, Attribute

_CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_KINDS = ("Notification", *_CONFIRMATIONS)


class SubscriptionConfirmation(EnvelopeError):
    """A subscription confirmation, which is not a message. Its URL is never fetched."""


class SnsNotification(NamedTuple):
    """An SNS notification. `message` is the body, `topic` an ARN, `published_at` epoch seconds or None."""

    message: str
    message_id: str
    topic: str
    published_at: float | None
    attributes: Mapping[str, Attribute]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read a notification from parsed JSON.

        Raises SubscriptionConfirmation, and EnvelopeError if its members have the wrong types.
        """
        topic, message, message_id = (document.get(name) for name in ("TopicArn", "Message", "MessageId"))
        if document.get("Type") in _CONFIRMATIONS:
            name = topic if isinstance(topic, str) else "no topic"
            raise SubscriptionConfirmation(
                f"a {document['Type']} of {name:.256}: confirm it from the topic's side, not by its URL"
            )
        if not (isinstance(topic, str) and isinstance(message, str) and isinstance(message_id, str)):
            raise EnvelopeError("an SNS notification must have Message, MessageId and TopicArn as text")
        attributes = _attributes(document.get("MessageAttributes"))
        return cls(message, message_id, topic, epoch_seconds(document.get("Timestamp")), attributes)


def is_notification(document: Any) -> bool:
    """Whether a body's JSON is an SNS notification or confirmation. A body with a media type is a message."""
    return (
        isinstance(document, dict)
        and "TopicArn" in document
        and "Message" in document
        and MEDIA_TYPE not in document
        and document.get("Type") in _KINDS
    )


def epoch_seconds(timestamp: Any) -> float | None:
    """Return ISO 8601 text as epoch seconds, in UTC unless it names a zone; None for anything else."""
    try:
        time = datetime.fromisoformat(timestamp)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _attributes(shapes: Any) -> Mapping[str, Attribute]:
    if shapes is None:
        return NO_ATTRIBUTES
    if not isinstance(shapes, dict):
        raise EnvelopeError("the MessageAttributes of an SNS notification are not a JSON object")
    found: dict[str, Attribute] = {}
    for name, shape in shapes.items():
        members = shape if isinstance(shape, dict) else {}
        attribute = make_attribute_from_base64(members.get("Type"), members.get("Value"))
        if attribute is None:
            raise EnvelopeError(
                f"attribute {name!r:.256} of an SNS notification has no readable Type and Value"
            )
        found[name] = attribute
    return found
