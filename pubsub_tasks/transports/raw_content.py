"""Queues whose bodies are bare JSON content without an envelope, as in microcosm-pubsub's `RawSQSEnvelope`.

A received message without a media type attribute gets one, which a dead letter keeps. A media type in the
body takes precedence.
"""

from dataclasses import replace
from typing import Any, cast

from ..messages.envelope import MEDIA_TYPE_ATTRIBUTE
from ..wire.records import Record, text
from .protocols import Features, Publisher, Queue, Transport

ENVELOPE = "RawSQSEnvelope"
"""The name of this envelope in microcosm-pubsub."""

MEDIA_TYPE = text("application/json")
"""The media type of the messages. Source: microcosm-pubsub's RawMediaTypeAndContentParser."""


class RawTransport:
    """Wraps a transport so that its queues are `RawQueue`s."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def features(self) -> Features:
        return self._transport.features

    def publisher(self) -> Publisher:
        return self._transport.publisher()

    def queue(self, url: str) -> Queue:
        return cast(Queue, RawQueue(self._transport.queue(url)))

    def queue_url(self, arn: str) -> str:
        return self._transport.queue_url(arn)


class RawQueue:
    """Wraps a queue and adds the media type attribute to received messages."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def receive(
        self, limit: int, wait: int, visibility: int | None, attempt_id: str | None = None
    ) -> list[Record]:
        records = self._queue.receive(limit, wait, visibility, attempt_id)
        return [
            replace(record, attributes={MEDIA_TYPE_ATTRIBUTE: MEDIA_TYPE, **record.attributes})
            for record in records
        ]
