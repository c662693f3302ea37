"""Task and Tasks: functions bound to media types, and the registry that finds and publishes them.

A task holds no connection. It asks its registry for a producer when it publishes, so that a task may exist
before anything is wired, and a test may wire it elsewhere for a while.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar
from weakref import ref

from marshmallow import Schema

from . import forks
from .codecs import Codec
from .delivery import Delivery
from .errors import ConfigurationError, DuplicateTask, Unbound
from .events import Observer
from .handlers import Handler
from .media_types import wildcard
from .middleware import Layer, Middleware, refuse_coroutine
from .observing import Observers
from .options import DEFAULT, Options
from .outlets import Outlet, Outlets, Publishes
from .parameters import Parameters
from .queue_names import check_queue_name
from .retry import RetryPolicy
from .schemas import Schemas

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Middleware)
W = TypeVar("W", bound=Observer)

DEFAULT_QUEUE = "default"


class Task(Outlet, Generic[P, R]):
    """A function bound to a media type on a queue. Calling it calls the function.

    Attributes:
        name: module and qualified name, as logs and letters tell it.
        media_type: what it handles; may end in `.*`.
        queue: logical name of the queue that it is served from.
        codec: how content is read, or None where the registry's schema for the media type is to be asked.
        policy: when it is tried again.
        timeout: seconds, or None.
        factory: the handler class, or None for a function.
        is_async: whether it is a coroutine function.
        skips_falsy: whether a falsy return is counted as skipped.
    """

    def __init__(
        self,
        function: Callable[P, R],
        media_type: str,
        *,
        tasks: "Tasks",
        name: str | None = None,
        codec: Codec | None = None,
        parameters: Parameters | None = None,
        queue: str = DEFAULT_QUEUE,
        policy: RetryPolicy | None = None,
        timeout: float | None = None,
        options: Options = DEFAULT,
    ) -> None:
        """`function` may be a class. Without `parameters` it is called with the content as one dict.

        `options` are those of all that it publishes. Raises ConfigurationError for a `queue` that SQS would
        not accept as a name.
        """
        check_queue_name(queue)
        super().__init__(lambda: tasks.producer, lambda: tasks.codec_of(self), replace(options, queue=queue))
        update_wrapper(self, function, updated=())
        self.handler = Handler(function)
        self.name = name or self.handler.name
        self.media_type = media_type
        self.queue = queue
        self.codec = codec
        self.policy = policy or RetryPolicy()
        self.timeout = timeout
        self.factory = self.handler.factory
        self.is_async = self.handler.is_async
        self.skips_falsy = parameters is None
        self._parameters = parameters

    def __repr__(self) -> str:
        return f"<Task {self.name} of {self.media_type} on {self.queue}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @property
    def function(self) -> Callable[P, R]:
        """What is called. Raises Unbound where it is a class that nobody made an instance of."""
        return self.handler.function

    def resolve(self, instance: Callable[P, R]) -> None:
        """Call this from now on: the instance that a graph made of the handler class."""
        self.handler.resolve(instance)

    def invoke(self, content: Any, delivery: Delivery) -> Any:
        """Call the function with what it takes of a message; of a coroutine function, the coroutine."""
        function: Callable[..., Any] = self.handler.function
        if self._parameters is None:
            return function(content)
        return function(**self._parameters.bind(content, delivery))


class Tasks(Outlets):
    """The registry: tasks by queue and media type, their schemas, middleware, and the way to publish.

    `default` makes a producer of a registry that nobody bound; it is asked once, at the first publish.
    """

    def __init__(self, default: Callable[["Tasks"], Publishes] | None = None) -> None:
        super().__init__(lambda: self.producer, self.codec)
        self.schemas = Schemas()
        self.middleware: list[Layer] = []
        self.publishing: list[Middleware] = []
        self.observers = Observers()
        self.default = default
        self._tasks: dict[tuple[str, str], Task[..., Any]] = {}
        self._codecs: dict[type[Schema], Codec] = {}
        self._producer: Publishes | None = None
        self._weak: list[ref[Publishes]] = []

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
                refuse_coroutine(each, "a publish")
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

    def bind(self, producer: Publishes, *, weak: bool = False) -> None:
        """Publish with this from now on.

        With `weak` the registry does not keep the producer alive: once it is collected, what was bound before
        publishes again. A graph that is testing binds its producer so.
        """
        if not weak:
            self._producer, self._weak = producer, []
            return
        self._weak = [*(each for each in self._weak if each() is not None), ref(producer)]

    @contextmanager
    def bound(self, producer: Publishes) -> Iterator[None]:
        """Publish with this in this block, in this thread or coroutine alone."""
        token = _override.set({**_override.get({}), id(self): producer})
        try:
            yield
        finally:
            _override.reset(token)

    @property
    def producer(self) -> Publishes:
        """Who publishes. Raises Unbound."""
        producer = _override.get({}).get(id(self)) or self._latest or self._producer
        return producer if producer is not None else self._bind_default()

    def codec_of(self, task: Task[..., Any]) -> Codec:
        """How content of a task is written. Raises ConfigurationError where it handles many media types."""
        if task.media_type.endswith(".*"):
            raise ConfigurationError(f"{task.name} handles {task.media_type}: publish by a media type of it")
        return task.codec or self.schemas.find(task.media_type)

    @property
    def _latest(self) -> Publishes | None:
        """The last one that was bound weakly and is still alive."""
        alive = (each() for each in reversed(self._weak))
        return next((producer for producer in alive if producer is not None), None)

    def _bind_default(self) -> Publishes:
        if self.default is None:
            raise Unbound(
                "nothing to publish with: bind a producer with tasks.bind(...), resolve graph.sns_producer, "
                "or configure topics, as with PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX"
            )
        with forks.first_use():
            if self._producer is None:
                self._producer = self.default(self)
            return self._producer


_override: ContextVar[dict[int, Publishes]] = ContextVar("pubsub_tasks_producer")

default_tasks = Tasks()
"""The registry that decorators use where none is given."""
