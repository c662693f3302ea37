"""Decorators: @schema, @task and @handles. They declare and check; nothing is sent or started."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from marshmallow import Schema

from .codecs import Codec, declared_media_type
from .errors import ConfigurationError
from .parameters import Parameters
from .retry import DEFAULT_STOP, DEFAULT_WAIT, RetryPolicy, Strategy, retry_unless_permanent
from .tasks import DEFAULT_QUEUE, Task, Tasks, default_tasks

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=type[Schema])
H = TypeVar("H", bound=Callable[..., Any])


def schema(cls: S) -> S:
    """Register a schema under its media type. Raises ConfigurationError if another has it already."""
    return default_tasks.schemas.register(cls)


def task(
    schema: type[Schema],
    *,
    queue: str = DEFAULT_QUEUE,
    stop: Strategy | None = None,
    wait: Strategy | None = None,
    retry: Strategy | None = None,
    timeout: float | None = None,
    name: str | None = None,
    tasks: Tasks | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a function the task for a schema's media type; its parameters are the schema's fields by name.

    Args:
        schema: says what the content is.
        queue: logical name of the queue to serve it from; one copy of each message goes to each queue.
        stop, wait, retry: tenacity's strategies; five attempts, 1 to 900 s apart, for any exception that
            another attempt might mend.
        timeout: seconds that one attempt may take.
        name: for logs and letters; the function's module and name otherwise.
        tasks: the registry; the default one otherwise.

    Raises ConfigurationError, and DuplicateTask for a second task on the same queue.
    """
    registry = tasks or default_tasks
    policy = _policy(stop, wait, retry)

    def declare(function: Callable[P, R]) -> Task[P, R]:
        if isinstance(function, type) or not callable(function):
            raise ConfigurationError(f"@task wants a function, not {function!r}; @handles takes classes")
        registry.schemas.register(schema)
        codec = Codec(schema)
        declared: Task[P, R] = Task(
            function,
            codec.media_type,
            tasks=registry,
            name=name or _name(function),
            codec=codec,
            parameters=Parameters.of(function, codec),
            queue=queue,
            policy=policy,
            timeout=_checked_timeout(timeout),
        )
        registry.register(declared)
        return declared

    return declare


def handles(
    schema: type[Schema] | str,
    *,
    queue: str = DEFAULT_QUEUE,
    stop: Strategy | None = None,
    wait: Strategy | None = None,
    retry: Strategy | None = None,
    timeout: float | None = None,
    tasks: Tasks | None = None,
) -> Callable[[H], H]:
    """Let a function or a class handle a schema or a media type, called with the content as one dict.

    A falsy return means that the handler skipped the message. A class is made by the object graph where it
    has a `@binding`, else without arguments. Returns what it decorates, unchanged.
    """
    registry = tasks or default_tasks
    media_type = schema if isinstance(schema, str) else declared_media_type(schema)
    policy = _policy(stop, wait, retry)

    def declare(handler: H) -> H:
        if not isinstance(schema, str):
            registry.schemas.register(schema)
        is_class = isinstance(handler, type)
        registry.register(
            Task(
                None if is_class else handler,
                media_type,
                tasks=registry,
                name=_name(handler),
                codec=None if isinstance(schema, str) else Codec(schema),
                factory=cast(type, handler) if is_class else None,
                queue=queue,
                policy=policy,
                timeout=_checked_timeout(timeout),
            )
        )
        return handler

    return declare


def _policy(stop: Strategy | None, wait: Strategy | None, retry: Strategy | None) -> RetryPolicy:
    return RetryPolicy(stop or DEFAULT_STOP, wait or DEFAULT_WAIT, retry or retry_unless_permanent)


def _checked_timeout(timeout: float | None) -> float | None:
    if timeout is not None and timeout <= 0:
        raise ConfigurationError(f"timeout={timeout!r}: give a positive number of seconds, or None")
    return timeout


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{getattr(function, '__qualname__', type(function).__qualname__)}"
