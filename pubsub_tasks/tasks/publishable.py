"""The ways to publish: the same for a task, for a schema, and for either with options.

An outlet holds no connection: it asks who publishes, and how content is written, when it publishes.
"""

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Unpack

from marshmallow import Schema

from ..content.codec import Codec
from ..errors import ConfigurationError
from ..messages.publish_options import DEFAULT, OptionArguments, PublishOptions

Content = Any
"""A mapping by field name, or an object as the schema's `post_load` makes it."""


class Batch(AbstractContextManager["Batch"], Protocol):
    """Publishes ten at a time; what is left goes at a clean end of its block. Not for several threads."""

    def publish(self, *made: Any, **content: Any) -> str:
        """Take one more message; returns its id. Raises as `Publishable.publish` does."""
        ...


class SupportsPublish(Protocol):
    """What publishes, as outlets see it: a producer."""

    def publish(self, codec: Codec, content: Content, options: PublishOptions = DEFAULT) -> str: ...

    def publish_many(
        self, codec: Codec, contents: Iterable[Content], options: PublishOptions = DEFAULT
    ) -> list[str]: ...

    def batch(self, codec: Codec, options: PublishOptions = DEFAULT) -> Batch: ...

    async def apublish(self, codec: Codec, content: Content, options: PublishOptions = DEFAULT) -> str: ...

    async def apublish_many(
        self,
        codec: Codec,
        contents: Iterable[Content] | AsyncIterable[Content],
        options: PublishOptions = DEFAULT,
    ) -> list[str]: ...


class Publishable:
    """Publishes messages of one schema to the topic of its media type."""

    def __init__(
        self,
        producer: Callable[[], SupportsPublish],
        codec: Callable[[], Codec],
        options: PublishOptions = DEFAULT,
    ) -> None:
        self._producer = producer
        self._codec = codec
        self._options = options

    def publish(self, *made: Any, **content: Any) -> str:
        """Validate content and send it; returns the message id.

        Content goes by name; or it is one object, as the schema's `post_load` makes it.

        Raises InvalidContent, EncodeError, TooManyAttributes, MessageTooLarge, Unbound,
        TopicNotDefinedError, PublishFailed.
        """
        given = self._given(made, content, "publish")
        return self._valid(given).publish(self._codec(), given, self._options)

    def publish_many(self, contents: Iterable[Content]) -> list[str]:
        """Publish each of the contents, ten to a call, as they come; returns the message ids in their order.

        Raises PublishFailed, at the end, where some could not be published: `.failed` and `.published` tell
        which, by index. On a FIFO topic nothing goes before an earlier message of its group.
        """
        return self._producer().publish_many(self._codec(), contents, self._options)

    def batch(self) -> Batch:
        """A block to publish many in: `with task.batch() as batch: batch.publish(...)`.

        Ten go as soon as there are ten, the rest at the end; where the block raises, the rest does not go.
        Raises PublishFailed at the end, as `publish_many` does.
        """
        return self._producer().batch(self._codec(), self._options)

    async def apublish(self, *made: Any, **content: Any) -> str:
        """As `publish`, without ever blocking the event loop. Cancelled, the message may go all the same."""
        given = self._given(made, content, "apublish")
        return await self._valid(given).apublish(self._codec(), given, self._options)

    async def apublish_many(self, contents: Iterable[Content] | AsyncIterable[Content]) -> list[str]:
        """As `publish_many`, without ever blocking the event loop. A plain iterable is read in a thread."""
        return await self._producer().apublish_many(self._codec(), contents, self._options)

    def options(self, **given: Unpack[OptionArguments]) -> "Publishable":
        """The same with options for what is published: see `PublishOptions` for what they mean."""
        return Publishable(self._producer, self._codec, self._options.having(**given))

    def _given(self, made: tuple[Any, ...], content: Mapping[str, Any], verb: str) -> Content:
        """The content. Raises TypeError for what goes by position and is not one object of the schema's."""
        if not made:
            return content
        is_object = (
            len(made) == 1 and not content and not isinstance(made[0], (Mapping, str, bytes, int, float))
        )
        if not (is_object and self._codec().makes_objects):
            self._refuse("content goes by name", verb, len(made))
        return made[0]

    def _valid(self, content: Content) -> SupportsPublish:
        """Who publishes. Where there is nobody, content that is wrong is told first."""
        try:
            return self._producer()
        except ConfigurationError:
            self._codec().check(content)
            raise

    def _refuse(self, why: str, verb: str = "publish", count: int = 1) -> NoReturn:
        """Raise TypeError, which tells how to write it; so many fields are named."""
        fields = ", ".join(f"{field}=..." for field in list(self._codec().schema.fields)[:count])
        raise TypeError(f"{why}: write {self._name}{verb}({fields})")

    @property
    def _name(self) -> str:
        name = vars(self).get("__name__")
        return f"{name}." if name else ""

    if not TYPE_CHECKING:  # a type checker is to flag these as any other that there is not

        def __getattr__(self, name: str) -> NoReturn:
            hint = f": write {self._name}publish(...)" if name in ("delay", "apply_async") else ""
            raise AttributeError(f"{type(self).__name__} has no {name}{hint}", name=name, obj=self)


class SchemaPublisher:
    """An outlet for each schema or media type; needs no task."""

    def __init__(
        self,
        producer: Callable[[], SupportsPublish],
        codec: Callable[[type[Schema] | str], Codec],
        options: PublishOptions = DEFAULT,
    ) -> None:
        self._find_producer = producer
        self._find_codec = codec
        self._options = options

    def publishable(self, schema: type[Schema] | str) -> Publishable:
        """The outlet of a schema, or of a media type; one that nobody declared is told when publishing."""
        if isinstance(schema, Publishable):
            schema._refuse("a task publishes by itself")
        return Publishable(self._find_producer, lambda: self._find_codec(schema), self._options)

    def publish(self, schema: type[Schema] | str, /, *made: Any, **content: Any) -> str:
        """Publish content of a schema, or of a media type: see `Publishable.publish`."""
        return self.publishable(schema).publish(*made, **content)

    def publish_many(self, schema: type[Schema] | str, contents: Iterable[Content]) -> list[str]:
        """See `Publishable.publish_many`."""
        return self.publishable(schema).publish_many(contents)

    def batch(self, schema: type[Schema] | str) -> Batch:
        """See `Publishable.batch`."""
        return self.publishable(schema).batch()

    async def apublish(self, schema: type[Schema] | str, /, *made: Any, **content: Any) -> str:
        """See `Publishable.apublish`."""
        return await self.publishable(schema).apublish(*made, **content)

    async def apublish_many(
        self, schema: type[Schema] | str, contents: Iterable[Content] | AsyncIterable[Content]
    ) -> list[str]:
        """See `Publishable.apublish_many`."""
        return await self.publishable(schema).apublish_many(contents)

    def options(self, **given: Unpack[OptionArguments]) -> "SchemaPublisher":
        """The same with options for what is published: see `PublishOptions` for what they mean."""
        return SchemaPublisher(self._find_producer, self._find_codec, self._options.having(**given))
