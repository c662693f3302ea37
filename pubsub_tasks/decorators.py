"""Decorators: @schema, @task and @handles. They declare and check; nothing is sent or started."""

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ParamSpec, Self, TypeVar

from marshmallow import Schema

from .content.codec import Codec
from .errors import ConfigurationError
from .messages.publish_options import DEFAULT, By, Id, PublishOptions
from .tasks.registry import Tasks, default_tasks
from .tasks.retry_policy import RetryPolicy
from .tasks.signature import TaskSignature
from .tasks.task import DEFAULT_QUEUE, Task
from .tasks.tenacity_strategies import DEFAULT_STOP, DEFAULT_WAIT, Strategy, retry_unless_permanent

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
    group: Id | None = None,
    deduplicate: Id | None = None,
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
        group, deduplicate: message group and deduplication id of what it publishes: `by("customer_id")`.
        name: for logs and letters; the function's module and name otherwise.
        tasks: the registry; the default one otherwise.

    Raises ConfigurationError, and DuplicateTask for a second task on the same queue.
    """
    terms = _Terms.of(queue, stop, wait, retry, timeout, tasks)
    _check_schema(schema, "task")
    options = PublishOptions.of(group_id=group, deduplication_id=deduplicate)

    def declare(function: Callable[P, R]) -> Task[P, R]:
        if isinstance(function, type) or not callable(function):
            raise ConfigurationError(f"@task wants a function, not {function!r}; @handles takes classes")
        codec = Codec(terms.tasks.schemas.register(schema))
        _check_fields(codec, group, deduplicate)
        signature = TaskSignature.of(function, codec)
        return terms.declare(function, codec.media_type, codec, signature, name, options)

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
    terms = _Terms.of(queue, stop, wait, retry, timeout, tasks)
    if not isinstance(schema, str):
        _check_schema(schema, "handles")

    def declare(handler: H) -> H:
        if isinstance(schema, str):
            terms.declare(handler, schema)
        else:
            codec = Codec(terms.tasks.schemas.register(schema))
            terms.declare(handler, codec.media_type, codec)
        return handler

    return declare


@dataclass(frozen=True, slots=True)
class _Terms:
    """What both forms of declaring say in the same words."""

    tasks: Tasks
    queue: str
    policy: RetryPolicy
    timeout: float | None

    @classmethod
    def of(
        cls,
        queue: str,
        stop: Strategy | None,
        wait: Strategy | None,
        retry: Strategy | None,
        timeout: float | None,
        tasks: Tasks | None,
    ) -> Self:
        if timeout is not None and not timeout > 0:
            raise ConfigurationError(f"timeout={timeout!r}: give a positive number of seconds, or None")
        policy = RetryPolicy(
            DEFAULT_STOP if stop is None else stop,
            DEFAULT_WAIT if wait is None else wait,
            retry_unless_permanent if retry is None else retry,
        )
        return cls(default_tasks if tasks is None else tasks, queue, policy, timeout)

    def declare(
        self,
        function: Callable[P, R],
        media_type: str,
        codec: Codec | None = None,
        parameters: TaskSignature | None = None,
        name: str | None = None,
        options: PublishOptions = DEFAULT,
    ) -> Task[P, R]:
        declared: Task[P, R] = Task(
            function,
            media_type,
            tasks=self.tasks,
            name=name,
            codec=codec,
            parameters=parameters,
            queue=self.queue,
            policy=self.policy,
            timeout=self.timeout,
            options=options,
        )
        self.tasks.register(declared)
        return declared


def _check_schema(schema: object, word: str) -> None:
    if isinstance(schema, FunctionType):
        raise ConfigurationError(
            f"@{word} names no schema on {schema.__qualname__}: write @{word}(OrderPlaced), with your schema"
        )
    if not (isinstance(schema, type) and issubclass(schema, Schema)):
        raise ConfigurationError(
            f"{schema!r} is no schema class: name one, as in @task(OrderPlaced); a media type alone is for "
            "@handles"
        )


def _check_fields(codec: Codec, *ids: Id | None) -> None:
    """Raise ConfigurationError if an id is made of what is no field of the schema."""
    named = {name for each in ids if isinstance(each, By) for name in each.fields}
    if unknown := named - codec.field_names:
        raise ConfigurationError(
            f"by({', '.join(map(repr, sorted(unknown)))}) names no field of {type(codec.schema).__name__} "
            f"(fields: {', '.join(sorted(codec.field_names))})"
        )
