"""Publishes content to topics: finds the route, writes and seals the message, and sends it."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import urandom
from typing import Any

from ..content.codec import Codec
from ..content.copying import copy_value
from ..content.schema_registry import SchemaRegistry
from ..errors import ConfigurationError
from ..messages.envelope import encode_message
from ..messages.headers import outbound_headers
from ..messages.message import EXPIRES, NOT_BEFORE, Message
from ..messages.publish_options import DEFAULT, PublishOptions
from ..messages.size_limit import MAX_SIZE, fit
from ..tasks.events import Observer
from ..tasks.middleware import Middleware, compose, require_plain_function
from ..tasks.observers import Observers
from ..tasks.publishable import Content
from ..transports.protocols import Publisher
from ..wire.records import Outgoing
from ..wire.s3_pointer import KEY_PREFIX, ClaimStore, Pointer
from .prepared_message import PreparedMessage
from .publish_results import PublishResults
from .routes import Route, Routes
from .sender import Sender
from .stream import Stream
from .topics import Topics

CHUNK = 100
"""Messages of an asynchronous iterable that one thread call publishes."""


def _random_uuid() -> str:
    """Return the text of a random UUID, as `str(uuid4())` does in twice the time."""
    digits = urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@dataclass(frozen=True, slots=True)
class PublishContext:
    """What publishing middleware receives and may replace."""

    codec: Codec
    content: Content
    options: PublishOptions


class Producer:
    """Publishes to topics, and delayed messages to queues. Safe to share between threads.

    Args:
        publisher: `Routes`, or a publisher alone, with which nothing can be delayed.
        topics: the topic of each media type.
        schemas: find the codec of a media type, for `produce`.
        observers: receive Published and NotPublished.
        middleware: wraps each publish, the first outermost.
        sending: wraps each call to a topic or queue, which may carry ten messages.
        max_size: bytes of a message, and of all messages of one call together.
        claims: stores bodies that are too large for a message.
        clock: returns epoch seconds.
        sleep: waits between tries of an entry, in seconds.
        new_id: makes message and request ids.
    """

    def __init__(
        self,
        publisher: Publisher | Routes,
        topics: Topics,
        schemas: SchemaRegistry,
        *,
        observers: Sequence[Observer] | Observers = (),
        middleware: Sequence[Middleware] = (),
        sending: Sequence[Middleware] = (),
        max_size: int = MAX_SIZE,
        claims: ClaimStore | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        new_id: Callable[[], str] = _random_uuid,
    ) -> None:
        for each in (*middleware, *sending):
            require_plain_function(each, "a publish")
        self._topics = topics
        self._schemas = schemas
        self._routes = publisher if isinstance(publisher, Routes) else Routes(publisher)
        self._sender = Sender(
            self._routes, max_size, Observers.of(observers), clock, sleep, claims, list(sending)
        )
        self._max_size = max_size
        self._claims = claims
        self._clock = clock
        self._new_id = new_id
        self._through_middleware = compose(middleware, self._publish_context) if middleware else None

    def produce(
        self,
        media_type: str,
        dct: Content | None = None,
        *,
        opaque_data: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> str:
        """Publish content given as a mapping, by keyword, or both. Returns the message id.

        `opaque_data` adds headers. The parameter names are those of microcosm-pubsub.

        Raises UnknownMediaType, TopicNotDefinedError, InvalidContent, EncodeError, TooManyAttributes,
        MessageTooLarge, PublishFailed.
        """
        options = PublishOptions(headers=opaque_data) if opaque_data else DEFAULT
        named = isinstance(dct, Mapping) or dct is None or bool(fields)
        content = {**(dct or {}), **fields} if named else dct
        return self.publish(self._schemas.find(media_type), content, options)

    def publish(self, codec: Codec, content: Content, options: PublishOptions = DEFAULT) -> str:
        """Publish content of the codec's media type. Returns the message id. Raises as `produce` does."""
        if self._through_middleware is not None:
            # A copy, since middleware may edit the content and the caller may publish it again.
            message_id: str = self._through_middleware(PublishContext(codec, copy_value(content), options))
            return message_id
        return self._sender.send(self._prepare(codec, content, options))

    def publish_many(
        self, codec: Codec, contents: Iterable[Content], options: PublishOptions = DEFAULT
    ) -> list[str]:
        """Publish many, ten to a call. Returns their ids. Raises PublishFailed for those that failed."""
        stream = self.batch(codec, options)
        stream.extend(contents)
        stream.finish()
        return stream.ids

    def batch(self, codec: Codec, options: PublishOptions = DEFAULT) -> Stream:
        """A context manager in which to publish many, ten to a call."""
        return Stream(
            lambda content: self.publish(codec, content, options),
            self._sender,
            is_fifo=lambda: self._route(codec.media_type, options, self._clock()).fifo,
        )

    async def apublish(self, codec: Codec, content: Content, options: PublishOptions = DEFAULT) -> str:
        """`publish` in a thread, because boto3 blocks and middleware may."""
        return await asyncio.to_thread(self.publish, codec, content, options)

    async def apublish_many(
        self,
        codec: Codec,
        contents: Iterable[Content] | AsyncIterable[Content],
        options: PublishOptions = DEFAULT,
    ) -> list[str]:
        """`publish_many` in a thread."""
        if not isinstance(contents, AsyncIterable):
            return await asyncio.to_thread(self.publish_many, codec, contents, options)
        stream = self.batch(codec, options)
        with stream.completed_by_errors():
            async for chunk in _chunks(contents):
                await asyncio.to_thread(stream.extend, chunk)
        await asyncio.to_thread(stream.finish)
        return stream.ids

    def forward(self, prepared_messages: Iterable[PreparedMessage]) -> None:
        """Send messages that are prepared already. Raises PublishFailed."""
        messages, results = list(prepared_messages), PublishResults()
        with results.completed_by_errors(lambda: len(messages)):
            self._sender.send_all(messages, results)
        results.raise_for_failures()

    def _publish_context(self, context: PublishContext) -> str:
        """The innermost of the middleware: publishes what the others made of the context."""
        return self._sender.send(self._prepare(context.codec, context.content, context.options))

    def _prepare(self, codec: Codec, content: Content, options: PublishOptions) -> PreparedMessage:
        now = self._clock()
        route: Route | ConfigurationError
        try:
            route = self._route(codec.media_type, options, now)
        except ConfigurationError as error:
            route = error
        if isinstance(route, ConfigurationError):
            codec.check(content)  # report invalid content before a missing topic, and without it
            raise route
        message = self._message(codec.media_type, content, options, route, now)
        sealed = _seal_for(route, codec, message, options)
        outgoing, size, claim = fit(codec, sealed, self._max_size, self._pointer(message))
        return PreparedMessage(codec.media_type, message.id, route.destination, outgoing, size, claim=claim)

    def _route(self, media_type: str, options: PublishOptions, now: float) -> Route:
        due = options.due(now)
        if due is None:
            return Route(self._topics.arn(media_type))
        topic = self._topics.arn(media_type) if options.queue is None else ""
        return self._routes.later(topic, options.queue, due, now)

    def _pointer(self, message: Message) -> Pointer | None:
        bucket = self._claims.bucket if self._claims else None
        return Pointer(bucket, KEY_PREFIX + message.id) if bucket else None

    def _message(
        self, media_type: str, content: Content, options: PublishOptions, route: Route, now: float
    ) -> Message:
        message_id = self._new_id()
        headers = outbound_headers(options.headers, request_id=self._new_id())
        if route.not_before is not None:
            headers[NOT_BEFORE] = f"{route.not_before:.3f}"
        if options.expires is not None:
            headers[EXPIRES] = f"{now + options.expires:.3f}"
        return Message(media_type, content, headers, message_id, now)


def _seal_for(route: Route, codec: Codec, message: Message, options: PublishOptions) -> Outgoing:
    """The message in its envelope. Raises ConfigurationError if a FIFO target gets no message group."""
    fifo = route.fifo
    if fifo and options.group_id is None:
        raise ConfigurationError(
            f"{route.target} is FIFO, and {codec.media_type} was published to it without a message group: "
            "name one with options(group_id=...)"
        )
    return encode_message(
        codec,
        message,
        attributes=options.attributes,
        group_id=options.group_id,
        # On FIFO, a call that is repeated must not make a second message. Standard targets reject the id.
        deduplication_id=(options.deduplication_id or message.id) if fifo else None,
        delay=route.delay,
    )


async def _chunks(contents: AsyncIterable[Content]) -> AsyncIterator[list[Content]]:
    """Lists of up to CHUNK contents: a thread call for each single one would cost more than it does."""
    chunk: list[Content] = []
    async for content in contents:
        chunk.append(content)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk
