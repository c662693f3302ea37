"""The exceptions that the library raises, by who can fix the problem.

PubSubTasksError
├─ ConfigurationError    the developer: a declaration or the configuration is wrong
│  ├─ Unbound              no producer to publish with
│  ├─ UnknownMediaType     a media type that no schema declares
│  ├─ DuplicateTask        two tasks for one media type on one queue
│  ├─ TopicNotDefinedError no topic for a media type
│  └─ MissingExtra         an optional dependency that is not installed
├─ MessageError          the sender: the message can never be handled; never retried
│  ├─ InvalidContent       content that its schema rejects (.messages by field)
│  ├─ EncodeError          content that cannot be serialized
│  ├─ DecodeError          a body that cannot be parsed
│  ├─ EnvelopeError        a record that is not a message of this library
│  ├─ ContentDisallowed    a content type that is not accepted
│  ├─ MessageTooLarge      over the limit of the topic or queue
│  ├─ TooManyAttributes    more than ten: raw delivery would discard the message
│  ├─ CeleryWorkflow       a Celery task that is part of a group, chord or chain
│  ├─ ResourceRefused      a URI that must not be fetched
│  └─ Expired              too old, or over the hop limit
├─ TransportError        a call to a service failed: safe to retry
│  ├─ PublishFailed        (.failed, .published)
│  ├─ ReceiveFailed
│  ├─ SettleFailed
│  ├─ LeaseLost
│  └─ ClaimMissing
└─ TaskTimeout           the handler exceeded its time limit: retried by its policy

Signals, which handlers raise on purpose, are not errors: see `signals`.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class PubSubTasksError(Exception):
    """Base class of the library's errors."""


class ConfigurationError(PubSubTasksError):
    """A declaration or the configuration is wrong. Nothing was sent or received."""


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
    """The message can never be sent or handled as it is. It is not retried."""


class InvalidContent(MessageError):
    """The content does not satisfy its schema.

    Attributes:
        media_type: the media type of the schema.
        messages: marshmallow's error messages by field name.
    """

    def __init__(self, media_type: str, messages: Mapping[str, Any]) -> None:
        problems = "; ".join(f"{field}: {problem}" for field, problem in messages.items())
        super().__init__(f"content of {media_type} is invalid: {problems}")
        self.media_type = media_type
        self.messages = dict(messages)


class EncodeError(MessageError):
    """The content cannot be serialized in its content type."""


class DecodeError(MessageError):
    """The body cannot be parsed, decompressed or decoded."""


class EnvelopeError(MessageError):
    """The record is not a message of this library, such as a subscription confirmation."""


class ContentDisallowed(MessageError):
    """The message has a content type that its schema does not accept."""


class CeleryWorkflow(MessageError):
    """A Celery task message is part of a workflow: a group, a chord, a chain, or one with callbacks."""


class MessageTooLarge(MessageError):
    """The message is over the limit of its topic or queue.

    Attributes:
        size: bytes of the message, including attributes.
        limit: bytes that are allowed.
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
    """The message names a URI that must not be fetched: not HTTP, not public, or a redirect elsewhere."""


class Expired(MessageError):
    """The message is past its expiry, or over the hop limit."""


class TransportError(PubSubTasksError):
    """A call to a service failed, and retrying it is safe.

    Attributes:
        code: the service's error code, or the name of the network failure.
    """

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class PublishFailed(TransportError):
    """Some or all messages could not be published.

    Attributes:
        failed: (index, code, message) of each message that was not published, in the order given.
        published: (index, message id) of each message that was published.
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
    """A receive call failed. Messages it may have received become visible after their visibility timeout."""


class SettleFailed(TransportError):
    """A call to delete messages, change their visibility or send to a queue failed as a whole."""


class LeaseLost(TransportError):
    """The visibility lease has ended: the visibility timeout passed, or the message was deleted."""


class ClaimMissing(TransportError):
    """The body of a large message could not be fetched from S3."""


class TaskTimeout(PubSubTasksError):
    """The handler exceeded its time limit. The message is retried by the task's policy."""
