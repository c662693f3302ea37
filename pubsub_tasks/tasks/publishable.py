"""The publish methods of a task, of a schema, and of either with options.

They hold no connection: each call looks up the producer and the codec, so a task may be declared before there
is a producer.
"""

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, Protocol, Unpack, overload

from marshmallow import Schema

from ..content.codec import Codec
from ..errors import ConfigurationError
from ..messages.publish_options import DEFAULT, OptionArguments, PublishOptions

C = ParamSpec("C")
"""Parameters of `publish`: those with which a `TypedMessageSchema` is called; any for another schema."""

Content = Any
"""A mapping by field name, or an object as the schema's `post_load` returns it."""


class Batch(AbstractContextManager["Batch"], Protocol):
    """A block that publishes ten messages to a call, and the rest at its end. For one thread."""

    def publish(self, /, *made: Any, **content: Any) -> str:
        """Add a message. Returns its id. Raises as `Publishable.publish` does."""
        ...


class SupportsPublish(Protocol):
    """A producer, as far as publishing needs it."""

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

    def publish(self, /, *made: Any, **content: Any) -> str:
        """Validate content and send it. Returns the message id.

        Give content by keyword, or as one object that the schema's `post_load` returns.

        Raises InvalidContent, EncodeError, TooManyAttributes, MessageTooLarge, Unbound,
        TopicNotDefinedError, PublishFailed.
        """
        given = self._content_of(made, content, "publish")
        return self._producer_for(given).publish(self._codec(), given, self._options)

    def publish_many(self, contents: Iterable[Content]) -> list[str]:
        """Publish many, ten to a call, while they are read. Returns the message ids in the same order.

        Raises PublishFailed at the end if some could not be published: its `failed` and `published` list them
        by index. On a FIFO topic no message overtakes an earlier one of its group.
        """
        return self._producer().publish_many(self._codec(), contents, self._options)

    def batch(self) -> Batch:
        """A block to publish many in: `with task.batch() as batch: batch.publish(...)`.

        Messages are sent as soon as there are ten, and the rest at the end of the block. If the block raises,
        the rest is not sent. Raises PublishFailed at the end, as `publish_many` does.
        """
        return self._producer().batch(self._codec(), self._options)

    async def apublish(self, /, *made: Any, **content: Any) -> str:
        """`publish` without blocking the event loop. If it is cancelled, the message may still be sent."""
        given = self._content_of(made, content, "apublish")
        return await self._producer_for(given).apublish(self._codec(), given, self._options)

    async def apublish_many(self, contents: Iterable[Content] | AsyncIterable[Content]) -> list[str]:
        """`publish_many` without blocking the event loop. A plain iterable is read in a thread."""
        return await self._producer().apublish_many(self._codec(), contents, self._options)

    def options(self, *, celery: bool = False, **given: Unpack[OptionArguments]) -> "Publishable":
        """Return a copy whose messages are published with these options: see `PublishOptions`.

        With `celery` they are written for a Celery worker, and are for a task that names a Celery task.
        """
        codec = self._celery_codec if celery else self._codec
        return Publishable(self._producer, codec, self._options.having(**given))

    def _celery_codec(self) -> Codec:
        raise ConfigurationError("no Celery task is named: declare the task with celery='shop.tasks.bill'")

    def _content_of(self, made: tuple[Any, ...], content: Mapping[str, Any], verb: str) -> Content:
        """Return the content. Raises TypeError for positional arguments but one object of the schema."""
        if not made:
            return content
        is_object = (
            len(made) == 1 and not content and not isinstance(made[0], (Mapping, str, bytes, int, float))
        )
        if not (is_object and self._codec().makes_objects):
            self._refuse("content is given by keyword", verb, len(made))
        return made[0]

    def _producer_for(self, content: Content) -> SupportsPublish:
        """Return the producer. If there is none, report invalid content first."""
        try:
            return self._producer()
        except ConfigurationError:
            self._codec().check(content)
            raise

    def _refuse(self, why: str, verb: str = "publish", count: int = 1) -> NoReturn:
        """Raise TypeError that shows the call to write, with the first `count` fields."""
        fields = ", ".join(f"{field}=..." for field in list(self._codec().schema.fields)[:count])
        raise TypeError(f"{why}: write {self._name}{verb}({fields})")

    @property
    def _name(self) -> str:
        name = vars(self).get("__name__")
        return f"{name}." if name else ""

    if not TYPE_CHECKING:  # a type checker must report these as missing attributes

        def __getattr__(self, name: str) -> NoReturn:
            hint = f": write {self._name}publish(...)" if name in ("delay", "apply_async") else ""
            raise AttributeError(f"{type(self).__name__} has no {name}{hint}", name=name, obj=self)


class TypedPublishable(Publishable, Generic[C]):
    """A Publishable whose content type checkers know."""

    if TYPE_CHECKING:

        def publish(self, *args: C.args, **content: C.kwargs) -> str:
            """See `Publishable.publish`."""

        async def apublish(self, *args: C.args, **content: C.kwargs) -> str:
            """See `Publishable.apublish`."""

        def batch(self) -> "TypedBatch[C]":
            """See `Publishable.batch`."""

        def options(self, *, celery: bool = False, **given: Unpack[OptionArguments]) -> "TypedPublishable[C]":
            """See `Publishable.options`."""


class TypedBatch(AbstractContextManager["TypedBatch[C]"], Protocol[C]):
    """A `Batch` whose content type checkers know."""

    def publish(self, *args: C.args, **content: C.kwargs) -> str: ...


class SchemaPublisher:
    """Publishes messages of any schema or media type; no task is needed."""

    def __init__(
        self,
        producer: Callable[[], SupportsPublish],
        codec: Callable[[type[Schema] | str], Codec],
        options: PublishOptions = DEFAULT,
    ) -> None:
        self._find_producer = producer
        self._find_codec = codec
        self._options = options

    @overload
    def publishable(self, schema: str) -> Publishable: ...

    @overload
    def publishable(self, schema: Callable[C, Schema]) -> TypedPublishable[C]: ...

    def publishable(self, schema: Any) -> Publishable:
        """The Publishable of a schema or media type. One that is not declared raises when it publishes.

        Of a misspelt field mypy says more than it does of `publish(schema, ...)`: it names it.
        """
        if isinstance(schema, Publishable):
            schema._refuse("a task has publish methods of its own")
        return Publishable(self._find_producer, lambda: self._find_codec(schema), self._options)

    @overload
    def publish(self, schema: str, /, *made: Any, **content: Any) -> str: ...

    @overload
    def publish(self, schema: Callable[C, Schema], /, *args: C.args, **content: C.kwargs) -> str: ...

    def publish(self, schema: Any, /, *made: Any, **content: Any) -> str:
        """Publish content of a schema or media type: see `Publishable.publish`."""
        target: Publishable = self.publishable(schema)
        return target.publish(*made, **content)

    def publish_many(self, schema: type[Schema] | str, contents: Iterable[Content]) -> list[str]:
        """See `Publishable.publish_many`."""
        return self.publishable(schema).publish_many(contents)

    def batch(self, schema: type[Schema] | str) -> Batch:
        """See `Publishable.batch`."""
        return self.publishable(schema).batch()

    @overload
    async def apublish(self, schema: str, /, *made: Any, **content: Any) -> str: ...

    @overload
    async def apublish(self, schema: Callable[C, Schema], /, *args: C.args, **content: C.kwargs) -> str: ...

    async def apublish(self, schema: Any, /, *made: Any, **content: Any) -> str:
        """See `Publishable.apublish`."""
        target: Publishable = self.publishable(schema)
        return await target.apublish(*made, **content)

    async def apublish_many(
        self, schema: type[Schema] | str, contents: Iterable[Content] | AsyncIterable[Content]
    ) -> list[str]:
        """See `Publishable.apublish_many`."""
        return await self.publishable(schema).apublish_many(contents)

    def options(self, **given: Unpack[OptionArguments]) -> "SchemaPublisher":
        """Return a copy whose messages are published with these options: see `PublishOptions`."""
        return SchemaPublisher(self._find_producer, self._find_codec, self._options.having(**given))
