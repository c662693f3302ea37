"""Tasks: the registry of tasks, by queue and media type, and of what they publish with.

A task holds no connection. It asks its registry for a producer when it publishes, so that a task may exist
before anything is wired, and a test may wire it elsewhere for a while.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import ref

from marshmallow import Schema

from ..content.codec import Codec
from ..content.schema_registry import SchemaRegistry
from ..errors import ConfigurationError, DuplicateTask, Unbound
from ..lifecycle import forks
from ..wire.media_types import wildcard
from .events import Observer
from .middleware import Layer, Middleware, require_plain_function
from .observers import Observers
from .publishable import SchemaPublisher, SupportsPublish
from .task import Task

M = TypeVar("M", bound=Middleware)
W = TypeVar("W", bound=Observer)


class Tasks(SchemaPublisher):
    """The registry: tasks by queue and media type, their schemas, middleware, and the way to publish.

    `default` makes a producer of a registry that nobody bound; it is asked once, at the first publish.
    """

    def __init__(self, default: Callable[["Tasks"], SupportsPublish] | None = None) -> None:
        super().__init__(lambda: self.producer, self.codec)
        self.schemas = SchemaRegistry()
        self.middleware: list[Layer] = []
        self.publishing: list[Middleware] = []
        self.observers = Observers()
        self.default = default
        self._tasks: dict[tuple[str, str], Task[..., Any]] = {}
        self._codecs: dict[type[Schema], Codec] = {}
        self._producer: SupportsPublish | None = None
        self._weak: list[ref[SupportsPublish]] = []

    def __iter__(self) -> Iterator[Task[..., Any]]:
        return iter(list(self._tasks.values()))

    @property
    def queues(self) -> set[str]:
        """Logical names of the queues that tasks name."""
        return {queue for queue, _ in self._tasks}

    def for_queue(self, queue: str) -> list[Task[..., Any]]:
        """The tasks of one queue, by media type."""
        return sorted((task for task in self if task.queue == queue), key=lambda task: task.media_type)

    def register(self, task: Task[..., Any]) -> None:
        """Add a task. Raises DuplicateTask where another has the same media type on the same queue."""
        for layer in self.middleware:
            layer.check(task.name, task.is_async)
        present = self._tasks.setdefault((task.queue, task.media_type), task)
        if present is not task and not task.handler.redeclares(present.handler):
            raise DuplicateTask(
                f"{present.handler} and {task.handler} both handle {task.media_type} on queue "
                f"{task.queue!r}: give one of them another queue="
            )
        self._tasks[task.queue, task.media_type] = task

    def find(self, media_type: str, queue: str) -> Task[..., Any] | None:
        """The task for a media type on a queue: its own, else one for its wildcard."""
        own = self._tasks.get((queue, media_type))
        return own or self._tasks.get((queue, wildcard(media_type)))

    def codec(self, schema: type[Schema] | str) -> Codec:
        """How content of a schema, or of a media type, is written. Raises UnknownMediaType."""
        if isinstance(schema, str):
            return self.schemas.find(schema)
        known = self._codecs.get(schema)
        return known or self._codecs.setdefault(schema, Codec(schema))

    def use(self, middleware: M, other: Middleware | None = None, *, publishing: bool = False) -> M:
        """Run this around every handler, or around every publish; serves as a decorator.

        The first used is the outermost. Around handlers it must be used before the worker starts. Raises
        ConfigurationError where a task is `async def` and the middleware `def`, or the other way round:
        where there are both, `other` makes it a pair. Around publishes there is `def` alone.
        """
        if publishing:
            for each in (middleware, other) if other else (middleware,):
                require_plain_function(each, "a publish")
                self.publishing.append(each)
            return middleware
        layer = Layer.of(middleware, other)
        for task in self:
            layer.check(task.name, task.is_async)
        self.middleware.append(layer)
        return middleware

    def observe(self, observer: W, *kinds: type[Any]) -> W:
        """Tell this observer of events, of these kinds alone if any are given; serves as a decorator.

        It is called in the thread or event loop where the fact happened. Raises ConfigurationError for what
        cannot be called, or is `async def`.
        """
        self.observers.add(observer, *kinds)
        return observer

    def bind(self, producer: SupportsPublish, *, weak: bool = False) -> None:
        """Publish with this from now on.

        With `weak` the registry does not keep the producer alive: once it is collected, what was bound before
        publishes again. A graph that is testing binds its producer so.
        """
        if not weak:
            self._producer, self._weak = producer, []
            return
        self._weak = [*(each for each in self._weak if each() is not None), ref(producer)]

    @contextmanager
    def bound(self, producer: SupportsPublish) -> Iterator[None]:
        """Publish with this in this block, in this thread or coroutine alone."""
        token = _override.set({**_override.get({}), id(self): producer})
        try:
            yield
        finally:
            _override.reset(token)

    @property
    def producer(self) -> SupportsPublish:
        """Who publishes. Raises Unbound."""
        producer = _override.get({}).get(id(self)) or self._latest or self._producer
        return producer if producer is not None else self._bind_default()

    def codec_of(self, task: Task[..., Any]) -> Codec:
        """How content of a task is written. Raises ConfigurationError where it handles many media types."""
        if task.media_type.endswith(".*"):
            raise ConfigurationError(f"{task.name} handles {task.media_type}: publish by a media type of it")
        return task.codec or self.schemas.find(task.media_type)

    @property
    def _latest(self) -> SupportsPublish | None:
        """The last one that was bound weakly and is still alive."""
        alive = (each() for each in reversed(self._weak))
        return next((producer for producer in alive if producer is not None), None)

    def _bind_default(self) -> SupportsPublish:
        if self.default is None:
            raise Unbound(
                "nothing to publish with: bind a producer with tasks.bind(...), resolve graph.sns_producer, "
                "or configure topics, as with PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX"
            )
        with forks.blocked():
            if self._producer is None:
                self._producer = self.default(self)
            return self._producer


_override: ContextVar[dict[int, SupportsPublish]] = ContextVar("pubsub_tasks_producer")

default_tasks = Tasks()
"""The registry that decorators use where none is given."""
