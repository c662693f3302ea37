"""Handles the batch messages of microcosm-pubsub: one message that holds many, each for a topic of its own.

Bodies are published byte for byte. If some fail, the task's retry policy applies to the whole batch message,
so the others are published twice, with the same `x-message-id` in their bodies.
Source: microcosm-pubsub's `created("batch_message")`, `BatchedMessageSchema` and `PublishBatchMessage`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from marshmallow import Schema, fields

from ..content.message_schema import PubSubMessageSchema
from ..decorators import handles
from ..errors import ConfigurationError
from ..messages.envelope import MEDIA_TYPE_ATTRIBUTE
from ..tasks.registry import Tasks, default_tasks
from ..tasks.task import DEFAULT_QUEUE
from ..wire.media_types import created
from ..wire.records import Outgoing, text
from .prepared_message import PreparedMessage
from .producer import Producer


class BatchedMessageSchema(Schema):
    """One message of a batch message: its body as text, and its topic."""

    media_type = fields.String(required=True)
    message = fields.String(required=True)
    topic_arn = fields.String(required=True)
    opaque_data = fields.Dict(allow_none=True)
    message_attributes = fields.Dict(allow_none=True)


class BatchMessageSchema(PubSubMessageSchema):
    """A message that holds many."""

    MEDIA_TYPE = created("batch_message")

    messages = fields.List(fields.Nested(BatchedMessageSchema), required=True)


def publish_batch_messages(queue: str = DEFAULT_QUEUE, tasks: Tasks | None = None) -> None:
    """Declare a handler on `queue` that publishes the messages of batch messages. Raises DuplicateTask."""
    registry = default_tasks if tasks is None else tasks

    @handles(BatchMessageSchema, queue=queue, tasks=registry)
    def publish_message_batch(content: Mapping[str, Any]) -> bool:
        producer = registry.producer
        if not isinstance(producer, Producer):
            raise ConfigurationError(
                f"{producer!r} cannot publish messages that are written already: bind a Producer"
            )
        producer.forward(_prepare(content["messages"]))
        return True


def _prepare(messages: Sequence[Mapping[str, Any]]) -> Iterator[PreparedMessage]:
    for index, message in enumerate(messages):
        media_type, topic = message["media_type"], message["topic_arn"]
        outgoing = Outgoing(message["message"], {MEDIA_TYPE_ATTRIBUTE: text(media_type)})
        yield PreparedMessage(media_type, str(uuid4()), topic, outgoing, outgoing.size, index)
