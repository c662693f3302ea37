"""Bodies of other systems, which name no media type, and the schemas that recognize them by their shape."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

from ..content.message_schema import PubSubMessageSchema
from ..errors import MessageError
from ..wire.records import Attribute, Record
from ..wire.serialization import parse_json
from ..wire.sns_notification import SnsNotification, is_notification

PLAIN_TEXT = "text/plain"
"""Media type of a body that is text and nothing else."""


class NothingToHandle(MessageError):
    """A message that a service sends to test a queue. It is acknowledged."""


class ForeignBody(NamedTuple):
    """A body without the envelope of SNS.

    Attributes:
        text: the body.
        document: its JSON; None if it is not JSON.
        attributes: the message's attributes.
        subject: of the SNS notification, or empty.
    """

    text: str
    document: Any
    attributes: Mapping[str, Attribute]
    subject: str = ""

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return the body of a record. Raises EnvelopeError for a broken SNS notification."""
        document = _json(record.body)
        if not is_notification(document):
            return cls(record.body, document, record.attributes)
        notification = SnsNotification.read(document)
        subject, text = document.get("Subject"), notification.message
        return cls(text, _json(text), notification.attributes, subject if isinstance(subject, str) else "")

    def as_text(self) -> Mapping[str, Any]:
        """Return the fields of a message of plain text."""
        return {"text": self.text, "subject": self.subject}

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of a JSON object; empty for anything else."""
        return self.document if isinstance(self.document, dict) else {}


class ForeignSchema(PubSubMessageSchema):
    """Base class of schemas that recognize bodies of other systems, which name no media type of ours."""

    IS_GENERIC: ClassVar[bool] = False
    """Whether schemas of one kind of event are asked first."""

    @classmethod
    def recognize(cls, body: ForeignBody) -> Mapping[str, Any] | None:
        """Return the fields of a body of this schema's shape, or None for any other.

        Raises MessageError for a body that has the shape and cannot be handled, and NothingToHandle.
        """
        raise NotImplementedError


def _json(text: str) -> Any:
    try:
        return parse_json(text)
    except MessageError:
        return None
