"""Producer: content to a topic. It gives ids and the time; the rest is decided by pure functions."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ..codecs import Codec
from ..envelope import seal
from ..errors import ConfigurationError, MessageTooLarge, PublishFailed
from ..events import Observer, Published, notify
from ..flow import outbound
from ..message import EXPIRES, MESSAGE_ID, Message
from ..middleware import Middleware, compose, refuse_coroutine
from ..options import DEFAULT, Options
from ..schemas import Schemas
from ..transports import Publisher
from ..wire import EntryFailure, Outgoing
from .topics import Topics

MAX_SIZE = 262_144
"""Bytes that a topic takes unless its MaximumMessageSize says more. Source: SNS API reference, Publish."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What a publishing middleware sees, and may replace: a codec, content, and options."""

    codec: Codec
    content: Mapping[str, Any]
    options: Options


class Producer:
    """Publishes to topics. Safe to share between threads."""

    def __init__(
        self,
        publisher: Publisher,
        topics: Topics,
        schemas: Schemas,
        *,
        observers: Sequence[Observer] = (),
        middleware: Sequence[Middleware] = (),
        max_size: int = MAX_SIZE,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        for each in middleware:
            refuse_coroutine(each, "a publish")
        self._publisher = publisher
        self._topics = topics
        self._schemas = schemas
        self._observers = list(observers)
        self._max_size = max_size
        self._clock = clock
        self._new_id = new_id
        self._call = compose(middleware, self._send)

    def produce(self, media_type: str, content: Mapping[str, Any] | None = None, /, **fields: Any) -> str:
        """Publish content, as a mapping, by keyword, or both; returns the message id.

        Raises UnknownMediaType, TopicNotDefinedError, InvalidContent, EncodeError, MessageTooLarge,
        PublishFailed.
        """
        return self.publish(self._schemas.find(media_type), {**(content or {}), **fields})

    def publish(self, codec: Codec, content: Mapping[str, Any], options: Options = DEFAULT) -> str:
        """Publish content of a codec's media type; returns the message id. Raises as `produce` does."""
        message_id: str = self._call(Publication(codec, content, options))
        return message_id

    def _send(self, publication: Publication) -> str:
        codec, options = publication.codec, publication.options
        arn = self._topics.arn(codec.media_type)
        started = self._clock()
        message = self._message(codec.media_type, publication.content, options, started)
        self._publish(arn, codec.media_type, _sealed(arn, codec, message, options))
        notify(
            self._observers, Published(codec.media_type, message.id, arn, max(0.0, self._clock() - started))
        )
        return message.id

    def _message(self, media_type: str, content: Mapping[str, Any], options: Options, now: float) -> Message:
        given = dict(options.headers)
        if options.expires is not None:
            given[EXPIRES] = f"{now + options.expires:.3f}"
        headers = outbound(given, message_id=self._new_id(), request_id=self._new_id(), now=now)
        return Message(media_type, content, headers, headers[MESSAGE_ID], now)

    def _publish(self, arn: str, media_type: str, outgoing: Outgoing) -> None:
        size = outgoing.size
        if size > self._max_size:
            raise MessageTooLarge(media_type, size, self._max_size)
        (answer,) = self._publisher.publish(arn, [outgoing])
        if isinstance(answer, EntryFailure):
            raise PublishFailed(
                f"{media_type} was refused by {arn}: {answer.code} {answer.message}",
                failed=[(0, answer.code, answer.message)],
                code=answer.code,
            )


def _sealed(arn: str, codec: Codec, message: Message, options: Options) -> Outgoing:
    """The message as its topic takes it. On a FIFO topic a repeated call must not make a second message."""
    fifo = arn.endswith(".fifo")
    if fifo and options.group_id is None:
        raise ConfigurationError(
            f"{arn} is a FIFO topic, and {codec.media_type} was published to it without a message group: "
            "name one with options(group_id=...)"
        )
    return seal(
        codec,
        message,
        attributes=options.attributes,
        group_id=options.group_id,
        deduplication_id=options.deduplication_id or (message.id if fifo else None),
    )
