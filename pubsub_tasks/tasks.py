"""Task and Tasks: functions bound to media types, and the registry that finds and publishes them.

A task holds no connection. It asks its registry for a producer when it publishes, so that a task may exist
before anything is wired, and a test may wire it elsewhere for a while.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from marshmallow import Schema

from .codecs import Codec, declared_media_type
from .delivery import Delivery
from .errors import ConfigurationError, DuplicateTask, Unbound
from .media_types import wildcard
from .middleware import Middleware, is_coroutine
from .options import DEFAULT, Options
from .parameters import Parameters
from .retry import RetryPolicy
from .schemas import Schemas

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_QUEUE = "default"


class Publishes(Protocol):
    """What a registry needs of a producer."""

    def publish(self, codec: Codec, content: Mapping[str, Any], options: Options = DEFAULT) -> str:
        """Publish to the topic of the codec's media type; returns the message id."""
        ...


class Task(Generic[P, R]):
    """A function bound to a media type on a queue. Calling it calls the function.

    Attributes:
        name: module and qualified name, as logs and letters tell it.
        media_type: what it handles; may end in `.*`.
        queue: logical name of the queue that it is served from.
        codec: how content is read, or None where the registry's schema for the media type is to be asked.
        policy: when it is tried again.
        timeout: seconds, or None.
        skips_falsy: whether a falsy return is counted as skipped.
    """

    def __init__(
        self,
        function: Callable[P, R] | None,
        media_type: str,
        *,
        tasks: "Tasks",
        name: str,
        codec: Codec | None = None,
        parameters: Parameters | None = None,
        factory: type | None = None,
        queue: str = DEFAULT_QUEUE,
        policy: RetryPolicy | None = None,
        timeout: float | None = None,
    ) -> None:
        self.name = name
        self.media_type = media_type
        self.queue = queue
        self.codec = codec
        self.policy = policy or RetryPolicy()
        self.timeout = timeout
        self.factory = factory
        self.skips_falsy = parameters is None
        self.is_async = is_coroutine(factory.__call__ if factory is not None else function)  # type: ignore[arg-type]
        self._function = function
        self._parameters = parameters
        self._tasks = tasks
        self.__doc__ = function.__doc__ if function is not None else factory.__doc__
        self.__wrapped__ = function

    def __repr__(self) -> str:
        return f"<Task {self.name} of {self.media_type} on {self.queue}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @property
    def function(self) -> Callable[P, R]:
        """What is called. Raises Unbound where it is a class that nobody made an instance of."""
        if self._function is None:
            self._function = self._instance()
        return self._function

    def resolve(self, handler: Callable[P, R]) -> None:
        """Call this from now on: the instance that a graph made of the handler class."""
        self._function = handler

    def invoke(self, content: Mapping[str, Any], delivery: Delivery) -> Any:
        """Call the function with what it takes of a message; of a coroutine function, the coroutine."""
        function: Callable[..., Any] = self.function
        if self._parameters is None:
            return function(content)
        return function(**self._parameters.bind(content, delivery))

    def publish(self, **content: Any) -> str:
        """Validate the content and send it to the media type's topic; returns the message id.

        Raises InvalidContent, EncodeError, TooManyAttributes, MessageTooLarge, Unbound, PublishFailed.
        """
        return self._tasks.send(self, content, DEFAULT)

    def options(self, **given: Any) -> "Optioned":
        """The task with options for what is published: see `Options.of` for their names."""
        return Optioned(self._tasks, self, Options.of(**given))

    def _instance(self) -> Callable[P, R]:
        assert self.factory is not None
        try:
            made: Callable[P, R] = self.factory()
        except TypeError as error:
            raise Unbound(
                f"{self.name} is a class that wants collaborators: let an object graph make it, "
                "with @binding and graph.use(...)"
            ) from error
        return made


class Optioned:
    """A task, seen through options."""

    def __init__(self, tasks: "Tasks", task: Task[..., Any], options: Options) -> None:
        self._tasks, self._task, self._options = tasks, task, options

    def publish(self, **content: Any) -> str:
        """As `Task.publish`, with these options."""
        return self._tasks.send(self._task, content, self._options)


class Tasks:
    """The registry: tasks by queue and media type, their schemas, middleware, and the way to publish."""

    def __init__(self, default: Callable[["Tasks"], Publishes] | None = None) -> None:
        self.schemas = Schemas()
        self.middleware: list[Middleware] = []
        self.default = default
        self._tasks: dict[tuple[str, str], Task[..., Any]] = {}
        self._producer: Publishes | None = None
        self._lock = Lock()

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
        present = self._tasks.setdefault((task.queue, task.media_type), task)
        if present is not task and not _redeclared(present, task):
            raise DuplicateTask(
                f"{present.name} and {task.name} both handle {task.media_type} on queue {task.queue!r}: "
                "give one of them another queue="
            )
        self._tasks[task.queue, task.media_type] = task

    def find(self, media_type: str, queue: str) -> Task[..., Any] | None:
        """The task for a media type on a queue: its own, else one for its wildcard."""
        own = self._tasks.get((queue, media_type))
        return own or self._tasks.get((queue, wildcard(media_type)))

    def use(self, middleware: Middleware) -> Middleware:
        """Run this around every handler; serves as a decorator."""
        self.middleware.append(middleware)
        return middleware

    def bind(self, producer: Publishes) -> None:
        """Publish with this from now on."""
        self._producer = producer

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
        producer = _override.get({}).get(id(self)) or self._producer
        return producer if producer is not None else self._bind_default()

    def publish(self, schema: type[Schema] | str, /, **content: Any) -> str:
        """Publish content of a schema, or of a media type; needs no handler. Returns the message id."""
        media_type = schema if isinstance(schema, str) else declared_media_type(schema)
        codec = self.schemas.find(media_type) if isinstance(schema, str) else Codec(schema)
        return self.producer.publish(codec, content)

    def send(self, task: Task[..., Any], content: Mapping[str, Any], options: Options) -> str:
        """Publish what a task handles."""
        if task.media_type.endswith(".*"):
            raise ConfigurationError(f"{task.name} handles {task.media_type}: publish by a media type of it")
        return self.producer.publish(task.codec or self.schemas.find(task.media_type), content, options)

    def _bind_default(self) -> Publishes:
        if self.default is None:
            raise Unbound(
                "nothing to publish with: bind a producer with tasks.bind(...), resolve graph.sns_producer, "
                "or configure topics, as with PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX"
            )
        with self._lock:
            if self._producer is None:
                self._producer = self.default(self)
            return self._producer


_override: ContextVar[dict[int, Publishes]] = ContextVar("pubsub_tasks_producer", default={})  # noqa: B039 - replaced, never changed

default_tasks = Tasks()
"""The registry that decorators use where none is given."""


def _redeclared(present: Task[..., Any], task: Task[..., Any]) -> bool:
    """A module that is run again, as by a reload, declares the same tasks anew."""
    return present.name == task.name
