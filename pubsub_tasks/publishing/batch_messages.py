"""Batch messages of the microcosm family: one message that holds many, each to be published to its own topic.

Bodies go on byte for byte. What fails is tried again with the whole batch, as the task's policy says, so what
had gone through comes twice, with the same id.
Source: microcosm-pubsub's `created("batch_message")`, `BatchedMessageSchema` and `PublishBatchMessage`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from marshmallow import Schema, fields

from ..content.codec import PubSubMessageSchema
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
    """One of many: its body as text, and where it goes."""

    media_type = fields.String(required=True)
    message = fields.String(required=True)
    topic_arn = fields.String(required=True)
    opaque_data = fields.Dict(allow_none=True)
    message_attributes = fields.Dict(allow_none=True)


class BatchMessageSchema(PubSubMessageSchema):
    """Many messages in one."""

    MEDIA_TYPE = created("batch_message")

    messages = fields.List(fields.Nested(BatchedMessageSchema), required=True)


def publish_batch_messages(queue: str = DEFAULT_QUEUE, tasks: Tasks | None = None) -> None:
    """Declare a handler on this queue that publishes what batch messages hold. Raises DuplicateTask."""
    registry = default_tasks if tasks is None else tasks

    @handles(BatchMessageSchema, queue=queue, tasks=registry)
    def publish_message_batch(content: Mapping[str, Any]) -> bool:
        producer = registry.producer
        if not isinstance(producer, Producer):
            raise ConfigurationError(f"{producer!r} cannot publish what is written already: bind a Producer")
        producer.forward(_parcels(content["messages"]))
        return True


def _parcels(messages: Sequence[Mapping[str, Any]]) -> Iterator[PreparedMessage]:
    for index, message in enumerate(messages):
        media_type, topic = message["media_type"], message["topic_arn"]
        outgoing = Outgoing(message["message"], {MEDIA_TYPE_ATTRIBUTE: text(media_type)})
        yield PreparedMessage(media_type, str(uuid4()), topic, outgoing, outgoing.size, index)
