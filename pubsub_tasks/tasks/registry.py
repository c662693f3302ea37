"""The registry of tasks by queue and media type, with their schemas, middleware, observers and producer.

A task has no connection. It gets the producer from its registry when it publishes, so that tasks can be
declared before a producer exists, and a test can bind another one for a while.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import ref

from marshmallow import Schema

from ..celery_messages.celery_message import celery_media_type, is_celery
from ..content.codec import Codec
from ..content.schema_registry import SchemaRegistry
from ..errors import ConfigurationError, DuplicateTask, Unbound
from ..lifecycle import forks
from ..messages.delivery import Delivery
from ..messages.envelope import MEDIA_TYPE_ATTRIBUTE
from ..wire.media_types import wildcard
from .events import Observer
from .middleware import Layer, Middleware, require_plain_function
from .observers import Observers
from .publishable import SchemaPublisher, SupportsPublish
from .task import Task

MiddlewareType = TypeVar("MiddlewareType", bound=Middleware)
ObserverType = TypeVar("ObserverType", bound=Observer)


class Tasks(SchemaPublisher):
    """A registry of tasks.

    `default` makes the producer if none was bound. It is called once, at the first publish. `override`
    returns the producer to use instead of the one that was bound, or None; the testing kit sets it.
    """

    def __init__(self, default: Callable[["Tasks"], SupportsPublish] | None = None) -> None:
        super().__init__(lambda: self.producer, self.codec)
        self.schemas = SchemaRegistry()
        self.middleware: list[Layer] = []
        self.publishing: list[Middleware] = []
        self.observers = Observers()
        self.default = default
        self.override: Callable[[], SupportsPublish | None] | None = None
        self._tasks: dict[tuple[str, str], Task[..., Any]] = {}
        self.assumed: dict[str, str] = {}
        self._celery: dict[tuple[str, str], Task[..., Any]] = {}
        self._codecs: dict[type[Schema], Codec] = {}
        self._producer: SupportsPublish | None = None
        self._weak: list[ref[SupportsPublish]] = []

    def __iter__(self) -> Iterator[Task[..., Any]]:
        return iter(list(self._tasks.values()))

    @property
    def queues(self) -> set[str]:
        """Logical names of the queues that have tasks."""
        return {queue for queue, _ in self._tasks}

    def for_queue(self, queue: str) -> list[Task[..., Any]]:
        """Return the tasks of one queue, sorted by media type."""
        return sorted((task for task in self if task.queue == queue), key=lambda task: task.media_type)

    def register(self, task: Task[..., Any]) -> None:
        """Add a task.

        Raises DuplicateTask if the queue has another task for the media type, and ConfigurationError if the
        middleware cannot wrap the task.
        """
        for layer in self.middleware:
            layer.check(task.name, task.is_async)
        present = self._tasks.setdefault((task.queue, task.media_type), task)
        if present is not task and not task.handler.redeclares(present.handler):
            raise DuplicateTask(
                f"{present.handler} and {task.handler} both handle {task.media_type} on queue "
                f"{task.queue!r}: give one of them another queue="
            )
        self._tasks[task.queue, task.media_type] = task
        for name in task.celery:
            self._register_celery(task, name)

    def find(self, media_type: str, queue: str) -> Task[..., Any] | None:
        """Return the task for a media type on a queue, or else the one for its wildcard, or None."""
        exact = self._tasks.get((queue, media_type)) or self._celery.get((queue, media_type))
        return exact or self._tasks.get((queue, wildcard(media_type)))

    def task_for(self, delivery: Delivery, queue: str) -> Task[..., Any] | None:
        """Return the task for a delivery on a queue, or None.

        What this library publishes for a Celery task has an attribute that names its schema, and is for the
        tasks of that schema on other queues too.
        """
        if delivery.media_type is None:
            return None
        found = self.find(delivery.media_type, queue)
        if found is not None or not is_celery(delivery.media_type):
            return found
        named = delivery.attributes.get(MEDIA_TYPE_ATTRIBUTE)
        found = self.find(str(named.value), queue) if named else None
        return found if found and found.codec else None

    def handles_celery(self, queue: str) -> bool:
        """Whether a task of the queue handles messages of a Celery task."""
        return any(each == queue for each, _ in self._celery)

    def codec(self, schema: type[Schema] | str) -> Codec:
        """Return the codec of a schema or media type. Raises UnknownMediaType."""
        if isinstance(schema, str):
            return self.schemas.find(schema)
        known = self._codecs.get(schema)
        return known or self._codecs.setdefault(schema, Codec(schema))

    def use(
        self, middleware: MiddlewareType, other: Middleware | None = None, *, publishing: bool = False
    ) -> MiddlewareType:
        """Run a middleware around every handler, or around every publish. Can be used as a decorator.

        The first middleware is the outermost. Add middleware around handlers before the worker starts. A
        registry with both plain and `async def` tasks needs a pair: give the other kind as `other`. Publishes
        take `def` only. Raises ConfigurationError for a middleware that cannot wrap one of the tasks or a
        publish.
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

    def observe(self, observer: ObserverType, *kinds: type[Any]) -> ObserverType:
        """Notify an observer of events, of these kinds only if any are given. Can be used as a decorator.

        It is called in the thread or event loop where the event happened. Raises ConfigurationError if it
        cannot be called or is `async def`.
        """
        self.observers.add(observer, *kinds)
        return observer

    def bind(self, producer: SupportsPublish, *, weak: bool = False) -> None:
        """Publish with this producer from now on.

        With `weak` the registry does not keep the producer alive. Once it is garbage-collected, the producer
        that was bound before is used again. An object graph in testing mode binds its producer this way.
        """
        if not weak:
            self._producer, self._weak = producer, []
            return
        self._weak = [*(each for each in self._weak if each() is not None), ref(producer)]

    def unbind(self, producer: SupportsPublish) -> None:
        """Publish no longer with this producer, but with the one that was bound before.

        Of producers that were not bound with `weak`, none is remembered.
        """
        self._weak = [each for each in self._weak if each() is not producer]
        self._producer = None if self._producer is producer else self._producer

    def reset(self, default: "Callable[[Tasks], SupportsPublish]") -> None:
        """Forget what was bound; `default` makes the producer at the next publish."""
        with forks.blocked():
            self.default, self._producer, self._weak = default, None, []

    @contextmanager
    def bound(self, producer: SupportsPublish) -> Iterator[None]:
        """Publish with this producer during the block, in this thread or coroutine only."""
        token = _override.set({**_override.get({}), id(self): producer})
        try:
            yield
        finally:
            _override.reset(token)

    @property
    def producer(self) -> SupportsPublish:
        """The producer to publish with. Raises Unbound if there is none."""
        producer = _override.get({}).get(id(self)) or (self.override and self.override())
        producer = producer or self._latest_weak or self._producer
        return producer if producer is not None else self._bind_default()

    def assume(self, queue: str, schema: type[Schema] | str) -> None:
        """Read messages of a queue that name no media type as messages of this schema or media type.

        Add it before the worker starts. Raises ConfigurationError for a schema without a media type.
        """
        self.assumed[queue] = schema if isinstance(schema, str) else self.codec(schema).media_type

    def codec_of(self, task: Task[..., Any]) -> Codec:
        """Return the codec of a task. Raises ConfigurationError if its media type is a wildcard."""
        if task.media_type.endswith(".*"):
            raise ConfigurationError(f"{task.name} handles {task.media_type}: publish by a media type of it")
        return task.codec or self.schemas.find(task.media_type)

    @property
    def _latest_weak(self) -> SupportsPublish | None:
        """The last producer that was bound with `weak` and is still alive."""
        for each in reversed(self._weak):
            if (producer := each()) is not None:
                return producer
        return None

    def _register_celery(self, task: Task[..., Any], name: str) -> None:
        present = self._celery.setdefault((task.queue, celery_media_type(name)), task)
        if present is not task and not task.handler.redeclares(present.handler):
            raise DuplicateTask(
                f"{present.handler} and {task.handler} both handle the Celery task {name!r} on queue "
                f"{task.queue!r}: give one of them another queue="
            )
        self._celery[task.queue, celery_media_type(name)] = task

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
"""The registry that decorators use by default."""
