"""The decorators @schema, @task and @handles, which declare and check schemas and tasks."""

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, NamedTuple, ParamSpec, Protocol, Self, TypeVar, overload

from marshmallow import Schema

from .content.codec import Codec
from .content.message_schema import PubSubMessageSchema
from .errors import ConfigurationError
from .messages.publish_options import DEFAULT, By, Id, PublishOptions
from .tasks.publishable import C
from .tasks.registry import Tasks, default_tasks
from .tasks.retry_defaults import DEFAULT_STOP, DEFAULT_WAIT, retry_unless_permanent
from .tasks.retry_policy import RetryPolicy
from .tasks.retry_strategies import Strategy
from .tasks.signature import TaskSignature
from .tasks.task import DEFAULT_QUEUE, Task, TypedTask

P = ParamSpec("P")
R = TypeVar("R")
SchemaClass = TypeVar("SchemaClass", bound=type[Schema])
HandlerType = TypeVar("HandlerType", bound=Callable[..., Any])


def schema(cls: SchemaClass) -> SchemaClass:
    """Register a schema under its media type, and return it.

    Raises ConfigurationError if it declares no media type, or if a schema with other fields has the same one.
    """
    return default_tasks.schemas.register(cls)


class TaskDecorator(Protocol[C]):
    """Makes a task of a function. `C` is what is published with it."""

    def __call__(self, function: Callable[P, R], /) -> TypedTask[C, P, R]: ...


@overload
def task(
    schema: Callable[C, PubSubMessageSchema],
    *,
    queue: str = DEFAULT_QUEUE,
    stop: Strategy | None = None,
    wait: Strategy | None = None,
    retry: Strategy | None = None,
    timeout: float | None = None,
    group: Id | None = None,
    deduplicate: Id | None = None,
    name: str | None = None,
    celery: str | Sequence[str] = (),
    tasks: Tasks | None = None,
) -> TaskDecorator[C]: ...


@overload
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
    celery: str | Sequence[str] = (),
    tasks: Tasks | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(
    schema: Any,
    *,
    queue: str = DEFAULT_QUEUE,
    stop: Strategy | None = None,
    wait: Strategy | None = None,
    retry: Strategy | None = None,
    timeout: float | None = None,
    group: Id | None = None,
    deduplicate: Id | None = None,
    name: str | None = None,
    celery: str | Sequence[str] = (),
    tasks: Tasks | None = None,
) -> Any:
    """Make a function the task for a schema's media type. Its parameters are the schema's fields by name.

    Args:
        schema: the schema of the content.
        queue: logical name of the queue. Each queue receives its own copy of a message.
        stop, wait, retry: tenacity strategies; five attempts by default, with waits of 1 to 900 seconds.
        timeout: seconds that one attempt may take; None for no limit.
        group, deduplicate: message group and deduplication id of its messages: `by("customer_id")`.
        name: name in logs and dead letters; the function's module and name by default.
        celery: names of Celery tasks whose messages it handles too.
        tasks: the registry; the default registry if None.

    Raises ConfigurationError for invalid arguments, and DuplicateTask for a second task on a queue.
    """
    declaration = _Declaration.of(queue, stop, wait, retry, timeout, tasks)
    _check_schema(schema, "task")
    options = PublishOptions.of(group_id=group, deduplication_id=deduplicate)

    def declare(function: Callable[P, R]) -> TypedTask[..., P, R]:
        _check_function(function)
        codec = Codec(declaration.tasks.schemas.register(schema))
        _check_fields(codec, group, deduplicate)
        signature = TaskSignature.of(function, codec)
        return declaration.register(function, codec.media_type, codec, signature, name, options, celery)

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
) -> Callable[[HandlerType], HandlerType]:
    """Make a function or class the handler of a schema or media type. It receives the content as a dict.

    A falsy return value means that the handler skipped the message. The object graph makes the instance of a
    class with a `@binding`; other classes are called without arguments. The decorated object is returned
    unchanged. The arguments and errors are those of `task`.
    """
    declaration = _Declaration.of(queue, stop, wait, retry, timeout, tasks)
    if not isinstance(schema, str):
        _check_schema(schema, "handles")

    def declare(handler: HandlerType) -> HandlerType:
        if isinstance(schema, str):
            declaration.register(handler, schema)
        else:
            codec = Codec(declaration.tasks.schemas.register(schema))
            declaration.register(handler, codec.media_type, codec)
        return handler

    return declare


class _Declaration(NamedTuple):
    """The arguments that `task` and `handles` share, validated."""

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
        if timeout is not None and not (isinstance(timeout, (int, float)) and timeout > 0):
            raise ConfigurationError(f"timeout={timeout!r}: give a positive number of seconds, or None")
        policy = RetryPolicy(
            DEFAULT_STOP if stop is None else stop,
            DEFAULT_WAIT if wait is None else wait,
            retry_unless_permanent if retry is None else retry,
        )
        return cls(default_tasks if tasks is None else tasks, queue, policy, timeout)

    def register(
        self,
        function: Callable[P, R],
        media_type: str,
        codec: Codec | None = None,
        parameters: TaskSignature | None = None,
        name: str | None = None,
        options: PublishOptions = DEFAULT,
        celery: str | Sequence[str] = (),
    ) -> TypedTask[..., P, R]:
        task: TypedTask[..., P, R] = TypedTask(
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
            celery=_celery_names(celery),
        )
        self.tasks.register(task)
        return task


def _celery_names(given: str | Sequence[str]) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(name, str) and name for name in names):
        raise ConfigurationError(
            f"celery={given!r}: give the name of a Celery task, such as 'shop.tasks.bill'"
        )
    return names


def _check_function(function: object) -> None:
    if isinstance(function, type) or not callable(function):
        raise ConfigurationError(f"@task wants a function, not {function!r}; @handles takes classes")


def _check_schema(schema: object, decorator: str) -> None:
    if isinstance(schema, FunctionType):
        raise ConfigurationError(
            f"@{decorator} names no schema on {schema.__qualname__}: "
            f"write @{decorator}(OrderPlaced), with your schema"
        )
    if not (isinstance(schema, type) and issubclass(schema, Schema)):
        raise ConfigurationError(
            f"{schema!r} is no schema class: name one, as in @task(OrderPlaced); a media type alone is for "
            "@handles"
        )


def _check_fields(codec: Codec, *ids: Id | None) -> None:
    """Raise ConfigurationError if an id is made from a name that is not a field of the schema."""
    named = {name for each in ids if isinstance(each, By) for name in each.fields}
    if unknown := named - codec.field_names:
        raise ConfigurationError(
            f"by({', '.join(map(repr, sorted(unknown)))}) names no field of {type(codec.schema).__name__} "
            f"(fields: {', '.join(sorted(codec.field_names))})"
        )
