"""Raw: queues whose bodies are content and nothing else, all of one media type. Of microcosm lineage.

A message may tell its media type in an attribute; here each gets that attribute when it is received, and
keeps it in a dead letter. What its body tells by itself goes before.
"""

from dataclasses import replace
from typing import Any, cast

from ..messages.envelope import MEDIA_TYPE_ATTRIBUTE
from ..wire.records import Record, text
from .protocols import Features, Publisher, Queue, Transport

ENVELOPE = "RawSQSEnvelope"
"""The name by which microcosm-pubsub asks for it."""

MEDIA_TYPE = text("application/json")
"""What each message is taken for. Source: microcosm-pubsub's RawMediaTypeAndContentParser."""


class RawTransport:
    """Another transport, whose queues are raw."""

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
    """Another queue, whose messages are raw; all else is that queue's."""

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
