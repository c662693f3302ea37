"""Producer: content to a topic. It gives ids and the time; the rest is decided by pure functions."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from ..content.codec import Codec
from ..content.own_copies import copied
from ..content.schema_registry import SchemaRegistry
from ..errors import ConfigurationError
from ..messages.envelope import seal
from ..messages.headers import outbound
from ..messages.message import EXPIRES, MESSAGE_ID, NOT_BEFORE, Message
from ..messages.publish_options import DEFAULT, PublishOptions
from ..tasks.events import Observer
from ..tasks.middleware import Middleware, compose, refuse_coroutine
from ..tasks.observers import Observers
from ..tasks.publishable import Content
from ..transports.protocols import Publisher
from ..wire.records import Outgoing
from ..wire.s3_pointer import PARKED, ClaimStore, Pointer
from .batching import PreparedMessage, PublishResults
from .deferred import sink
from .fitting import fit
from .routes import Route, Routes
from .sender import Sender
from .stream import Stream
from .topics import Topics

MAX_SIZE = 262_144
"""Bytes that a topic takes unless its MaximumMessageSize says more. Source: SNS API reference, Publish."""

CHUNK = 100
"""Messages of an asynchronous iterable that are handed to a thread together."""


@dataclass(frozen=True, slots=True)
class PublishContext:
    """What a publishing middleware sees, and may replace: a codec, content, and options."""

    codec: Codec
    content: Content
    options: PublishOptions


class Producer:
    """Publishes to topics, and what is delayed to queues. Safe to share between threads.

    `publisher` alone knows no delays; `Routes` do.
    """

    def __init__(
        self,
        publisher: Publisher | Routes,
        topics: Topics,
        schemas: SchemaRegistry,
        *,
        observers: Sequence[Observer] | Observers = (),
        middleware: Sequence[Middleware] = (),
        max_size: int = MAX_SIZE,
        claims: ClaimStore | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        for each in middleware:
            refuse_coroutine(each, "a publish")
        self._topics = topics
        self._schemas = schemas
        self._routes = publisher if isinstance(publisher, Routes) else Routes(publisher)
        self._sender = Sender(self._routes, max_size, Observers.of(observers), clock, sleep, claims)
        self._max_size = max_size
        self._claims = claims
        self._clock = clock
        self._new_id = new_id
        self._has_middleware = bool(middleware)
        self._call = compose(middleware, self._send)

    def produce(
        self,
        media_type: str,
        dct: Content | None = None,
        *,
        opaque_data: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> str:
        """Publish content, as a mapping, by keyword, or both; returns the message id.

        `opaque_data` is more headers; the parameters' names are microcosm-pubsub's. Raises UnknownMediaType,
        TopicNotDefinedError, InvalidContent, EncodeError, MessageTooLarge, PublishFailed.
        """
        options = PublishOptions(headers=opaque_data) if opaque_data else DEFAULT
        named = isinstance(dct, Mapping) or dct is None or bool(fields)
        content = {**(dct or {}), **fields} if named else dct
        return self.publish(self._schemas.find(media_type), content, options)

    def publish(self, codec: Codec, content: Content, options: PublishOptions = DEFAULT) -> str:
        """Publish content of a codec's media type; returns the message id. Raises as `produce` does."""
        if self._has_middleware:  # which may edit it, and a caller may publish it again
            content = copied(content)
        message_id: str = self._call(PublishContext(codec, content, options))
        return message_id

    def publish_many(
        self, codec: Codec, contents: Iterable[Content], options: PublishOptions = DEFAULT
    ) -> list[str]:
        """Publish many, ten to a call; returns their ids. Raises PublishFailed for those that failed."""
        stream = self.batch(codec, options)
        stream.extend(contents)
        stream.finish()
        return stream.ids

    def batch(self, codec: Codec, options: PublishOptions = DEFAULT) -> Stream:
        """A block in which to publish many, ten to a call."""
        return Stream(
            lambda content: self.publish(codec, content, options),
            self._sender,
            is_fifo=lambda: self._route(codec.media_type, options, self._clock()).fifo,
        )

    async def apublish(self, codec: Codec, content: Content, options: PublishOptions = DEFAULT) -> str:
        """As `publish`, in a thread: boto3 blocks, and so may a middleware."""
        return await asyncio.to_thread(self.publish, codec, content, options)

    async def apublish_many(
        self,
        codec: Codec,
        contents: Iterable[Content] | AsyncIterable[Content],
        options: PublishOptions = DEFAULT,
    ) -> list[str]:
        """As `publish_many`, in a thread."""
        if not isinstance(contents, AsyncIterable):
            return await asyncio.to_thread(self.publish_many, codec, contents, options)
        stream = self.batch(codec, options)
        with stream.stopped_by_errors():
            async for some in _chunks(contents):
                await asyncio.to_thread(stream.extend, some)
        await asyncio.to_thread(stream.finish)
        return stream.ids

    def forward(self, prepared_messages: Iterable[PreparedMessage]) -> None:
        """Send what is written already. Raises PublishFailed."""
        given, results = list(prepared_messages), PublishResults()
        with results.stopped_by_errors(lambda: len(given)):
            self._sender.send_all(given, results)
        results.check()

    def _send(self, publication: PublishContext) -> str:
        prepared = self._parcel(publication)
        gathering = sink.get()
        if gathering is None or not gathering.put(prepared, self._sender):
            self._sender.send(prepared)
        return prepared.message_id

    def _parcel(self, publication: PublishContext) -> PreparedMessage:
        codec, options = publication.codec, publication.options
        now = self._clock()
        try:
            way = self._route(codec.media_type, options, now)
        except ConfigurationError:
            codec.check(publication.content)  # content that is wrong is told first
            raise
        message = self._message(codec.media_type, publication.content, options, way, now)
        sealed = replace(_sealed(way, codec, message, options), delay=way.delay)
        outgoing, claim = fit(codec, sealed, self._max_size, self._pointer(message))
        return PreparedMessage(
            codec.media_type, message.id, way.destination, outgoing, outgoing.size, claim=claim
        )

    def _route(self, media_type: str, options: PublishOptions, now: float) -> Route:
        due = options.due(now)
        if due is None:
            return Route(self._topics.arn(media_type))
        topic = self._topics.arn(media_type) if options.queue is None else ""
        return self._routes.later(topic, options.queue, due, now)

    def _pointer(self, message: Message) -> Pointer | None:
        bucket = self._claims.bucket if self._claims else None
        return Pointer(bucket, PARKED + message.id) if bucket else None

    def _message(
        self, media_type: str, content: Content, options: PublishOptions, way: Route, now: float
    ) -> Message:
        given = dict(options.headers)
        if way.not_before is not None:
            given[NOT_BEFORE] = f"{way.not_before:.3f}"
        if options.expires is not None:
            given[EXPIRES] = f"{now + options.expires:.3f}"
        headers = outbound(given, message_id=self._new_id(), request_id=self._new_id(), now=now)
        return Message(media_type, content, headers, headers[MESSAGE_ID], now)


def _sealed(way: Route, codec: Codec, message: Message, options: PublishOptions) -> Outgoing:
    """The message as its topic takes it. On a FIFO topic a repeated call must not make a second message."""
    if way.fifo and options.group_id is None:
        raise ConfigurationError(
            f"{way.target} is FIFO, and {codec.media_type} was published to it without a message group: "
            "name one with options(group_id=...)"
        )
    return seal(
        codec,
        message,
        attributes=options.attributes,
        group_id=options.group_id,
        # What is standard takes no such id, and would refuse the message for it.
        deduplication_id=(options.deduplication_id or message.id) if way.fifo else None,
    )


async def _chunks(contents: AsyncIterable[Content]) -> AsyncIterator[list[Content]]:
    """As they come, so many together that a thread is worth its while."""
    some: list[Content] = []
    async for content in contents:
        some.append(content)
        if len(some) == CHUNK:
            yield some
            some = []
    yield some
