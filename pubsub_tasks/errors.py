"""The error tree, divided by who must act. Knows no other module.

PubSubTasksError
├─ ConfigurationError    the developer: what is declared or configured is wrong
│  ├─ Unbound              a task or registry with no way to publish
│  ├─ UnknownMediaType     a media type that no schema declares
│  ├─ DuplicateTask        two tasks for one media type on one queue
│  ├─ TopicNotDefinedError no topic for a media type
│  └─ MissingExtra         an optional dependency that is not installed
├─ MessageError          the sender: this message will never be right; never retried
│  ├─ InvalidContent       content that its schema refuses (.messages per field)
│  ├─ EncodeError          content that cannot be written
│  ├─ DecodeError          a body that cannot be read
│  ├─ EnvelopeError        a record that is no message of ours
│  ├─ ContentDisallowed    a content type that is not accepted
│  ├─ MessageTooLarge      over the limit of the topic or queue
│  ├─ TooManyAttributes    more than ten: raw delivery would discard the message
│  └─ Expired              too old, or too many hops
├─ TransportError        the wire: safe to try again
│  ├─ PublishFailed        (.failed, .published)
│  ├─ ReceiveFailed
│  ├─ SettleFailed
│  ├─ LeaseLost
│  └─ ClaimMissing
└─ TaskTimeout           the handler ran past its time limit: retried as its policy says

Signals that a handler raises on purpose are no errors: see `signals`.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class PubSubTasksError(Exception):
    """Whatever pubsub_tasks raises on its own account."""


class ConfigurationError(PubSubTasksError):
    """What is declared or configured is wrong; nothing was sent or received."""


class Unbound(ConfigurationError):
    """There is no producer to publish with."""


class UnknownMediaType(ConfigurationError):
    """No schema declares this media type."""


class DuplicateTask(ConfigurationError):
    """Two tasks are declared for one media type on one queue."""


class TopicNotDefinedError(ConfigurationError):
    """No topic is configured for this media type."""


class MissingExtra(ConfigurationError):
    """An optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'pubsub-tasks[{extra}]'")
        self.feature = feature
        self.extra = extra


class MessageError(PubSubTasksError):
    """This message can never be handled or sent as it is."""


class InvalidContent(MessageError):
    """The content does not satisfy its schema.

    Attributes:
        media_type: the media type whose schema refused the content.
        messages: what is wrong, by field name, as marshmallow tells it.
    """

    def __init__(self, media_type: str, messages: Mapping[str, Any]) -> None:
        told = "; ".join(f"{field}: {problem}" for field, problem in messages.items())
        super().__init__(f"content of {media_type} is invalid: {told}")
        self.media_type = media_type
        self.messages = dict(messages)


class EncodeError(MessageError):
    """The content cannot be written in its content type."""


class DecodeError(MessageError):
    """The body cannot be read."""


class EnvelopeError(MessageError):
    """The record is not a message of ours, such as a subscription's confirmation."""


class ContentDisallowed(MessageError):
    """The body names a content type that its schema does not accept."""


class MessageTooLarge(MessageError):
    """The message is over the limit of its topic or queue.

    Attributes:
        size: what the message weighs, in bytes, attributes included.
        limit: what is allowed, in bytes.
    """

    def __init__(self, media_type: str, size: int, limit: int) -> None:
        super().__init__(
            f"message of {media_type} weighs {size:,} bytes and the limit is {limit:,}: "
            "send less, or configure a bucket for large messages"
        )
        self.media_type = media_type
        self.size = size
        self.limit = limit


class TooManyAttributes(MessageError):
    """More than ten message attributes."""


class ResourceRefused(MessageError):
    """The message names a resource that may not be fetched: not HTTP, not public, or a redirect away."""


class Expired(MessageError):
    """The message is older than its sender wished, or went through too many hops."""


class TransportError(PubSubTasksError):
    """The wire failed, and trying again is safe.

    Attributes:
        code: the service's own error code, or the name of the network failure.
    """

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class PublishFailed(TransportError):
    """Some or all messages could not be published.

    Attributes:
        failed: (index, code, message) of each that was not published, in the order given.
        published: (index, message id) of each that was.
    """

    def __init__(
        self,
        text: str,
        *,
        failed: Sequence[tuple[int, str, str]] = (),
        published: Sequence[tuple[int, str]] = (),
        code: str = "",
    ) -> None:
        super().__init__(text, code=code)
        self.failed = list(failed)
        self.published = list(published)


class ReceiveFailed(TransportError):
    """A receive did not succeed; what it may have taken comes back with its visibility timeout."""


class SettleFailed(TransportError):
    """A delete, a visibility change or a send to a queue failed as a whole call."""


class LeaseLost(TransportError):
    """The message is no longer ours: its visibility ran out, or it was deleted."""


class ClaimMissing(TransportError):
    """The parked body of a large message could not be fetched."""


class TaskTimeout(PubSubTasksError):
    """The handler ran past its time limit."""
