"""The decorator `shared_task`: a task with the calls that Celery's tasks have, as far as they exist here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import update_wrapper
from inspect import iscoroutinefunction, signature
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, NoReturn, ParamSpec, TypeVar, overload

from ..content.message_schema import PubSubMessageSchema
from ..decorators import task
from ..messages.current_message import current_message
from ..tasks.registry import Tasks
from ..tasks.task import DEFAULT_QUEUE, Task
from .annotated_fields import field_specs
from .bound_task import BoundTask
from .celery_options import INSTEAD, INSTEAD_OF_METHODS, CeleryOptions, publish_options, unsupported

P = ParamSpec("P")
R = TypeVar("R")

MEDIA_TYPE_PREFIX = "application/vnd.shared-task."
"""The media type of a shared task is this, followed by its name."""


_ALL_METHODS = "it has delay, apply_async and s, and `SharedTask.task` has the methods of every task here"


@dataclass(frozen=True, slots=True)
class SentTask:
    """What `delay` returns. There is no result to wait for."""

    id: str

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a sent task has an id and no {name}: publish the outcome as a message")


class Signature:
    """A task with its arguments, to be sent later. Signatures cannot be combined into workflows."""

    def __init__(
        self, shared: "SharedTask[..., Any]", args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        self._shared, self._args, self._kwargs = shared, args, dict(kwargs)

    def delay(self, *args: Any, **kwargs: Any) -> SentTask:
        """Send the task with these arguments added: positional ones come first, as in Celery."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self, args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> SentTask:
        """Send the task with arguments added and with options: see `SharedTask.apply_async`."""
        return self._shared.apply_async(
            (*(args or ()), *self._args), {**self._kwargs, **(kwargs or {})}, **options
        )

    if not TYPE_CHECKING:  # checkers report other names themselves

        def __getattr__(self, name: str) -> NoReturn:
            raise _no_attribute("signature", name)

    def __or__(self, other: object) -> NoReturn:
        raise unsupported("a chain", "publish the next task at the end of this one's function")


class SharedTask(Generic[P, R]):
    """A function with `delay`, `apply_async` and `s`. Calling it calls the function.

    Attributes:
        task: the task behind it, with the methods and options of every task here.
        name: the name, which is the one of the Celery task whose messages it handles too.
    """

    def __init__(self, function: Callable[..., R], task: Task[P, R]) -> None:
        self.task = task
        self.name = task.name
        self._parameters = signature(task.function)
        update_wrapper(self, function, updated=())

    if not TYPE_CHECKING:  # checkers report other names themselves

        def __getattr__(self, name: str) -> NoReturn:
            raise _no_attribute("shared task", name)

    def __repr__(self) -> str:
        return f"<SharedTask {self.name}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.task(*args, **kwargs)

    def delay(self, *args: Any, **kwargs: Any) -> SentTask:
        """Publish a call. Raises TypeError for arguments that the function does not take, and what
        `Task.publish` raises."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        *,
        countdown: float | None = None,
        eta: datetime | None = None,
        expires: float | datetime | None = None,
        queue: str | None = None,
        headers: Mapping[str, str] | None = None,
        **others: Any,
    ) -> SentTask:
        """Publish a call.

        Args:
            countdown: seconds before it may run.
            eta: the earliest time that it may run, with a time zone.
            expires: seconds from now, or a time with a time zone, after which it is a dead letter.
            queue: the task's own queue; no other is possible for one message.
            headers: headers of the message.

        Raises ConfigurationError for any other option of Celery's, TypeError for arguments that the function
        does not take, and what `Task.publish` raises.
        """
        for name in others:
            raise unsupported(f"apply_async({name}=)", INSTEAD.get(name, "leave it out"))
        if queue is not None and queue != self.task.queue:
            raise unsupported(f"apply_async(queue={queue!r})", "declare it with @shared_task(queue=...)")
        content = self._parameters.bind(*(args or ()), **(kwargs or {})).arguments
        options = publish_options(countdown, eta, expires, headers)
        return SentTask(self.task.options(**options).publish(**content))

    def s(self, *args: Any, **kwargs: Any) -> Signature:
        """Return the call, to be sent later."""
        return Signature(self, args, kwargs)

    signature = s


@overload
def shared_task(function: Callable[P, R], /) -> SharedTask[P, R]: ...


@overload
def shared_task(
    *,
    name: str | None = None,
    bind: Literal[False] = False,
    queue: str = DEFAULT_QUEUE,
    tasks: Tasks | None = None,
    **options: Any,
) -> Callable[[Callable[P, R]], SharedTask[P, R]]: ...


@overload
def shared_task(
    *,
    name: str | None = None,
    bind: Literal[True],
    queue: str = DEFAULT_QUEUE,
    tasks: Tasks | None = None,
    **options: Any,
) -> Callable[[Callable[Concatenate[Any, P], R]], SharedTask[P, R]]: ...


def shared_task(
    *function: Callable[..., Any],
    name: str | None = None,
    bind: bool = False,
    queue: str = DEFAULT_QUEUE,
    tasks: Tasks | None = None,
    **options: Any,
) -> Any:
    """Make a function a task that is called as Celery's tasks are. Its annotations make the schema.

    It handles messages that Celery publishes for the task of its name too. Use it with or without arguments.

    Args:
        name: name of the task; the function's module and name by default, as in Celery.
        bind: whether the function takes a `BoundTask` first.
        queue: logical name of the queue.
        tasks: the registry; the default registry if None.
        options: those of `CeleryOptions`, and options whose effect every task has, such as `acks_late=True`.

    Raises ConfigurationError for options of Celery's that have no counterpart, and for parameters that no
    field can stand for.
    """
    chosen = CeleryOptions.of(options)

    def declare(function: Callable[..., Any]) -> SharedTask[..., Any]:
        title = name or f"{function.__module__}.{function.__name__}"
        declared: Task[..., Any] = task(
            _schema(title, function, bind),
            queue=queue,
            stop=chosen.stop,
            wait=chosen.wait,
            retry=chosen.retry,
            timeout=chosen.timeout,
            name=title,
            celery=title,
            tasks=tasks,
        )(_bound(title, function, chosen.max_retries) if bind else function)
        return SharedTask(function, declared)

    return declare(*function) if function else declare


def _no_attribute(of: str, name: str) -> AttributeError:
    return AttributeError(f"a {of} has no {name}: {INSTEAD_OF_METHODS.get(name, _ALL_METHODS)}")


def _schema(title: str, function: Callable[..., Any], bind: bool) -> type[PubSubMessageSchema]:
    fields = {name: spec.make() for name, spec in field_specs(function, bound=bind).items()}
    words = "".join(word.title() for word in function.__name__.split("_"))
    return type(words, (PubSubMessageSchema,), {"MEDIA_TYPE": MEDIA_TYPE_PREFIX + title, **fields})


def _bound(title: str, function: Callable[..., Any], max_retries: int | None) -> Callable[..., Any]:
    """Return the function without its first parameter, which is given when it is called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(BoundTask(title, max_retries, current_message()), *args, **kwargs)

    async def acall(*args: Any, **kwargs: Any) -> Any:
        return await function(BoundTask(title, max_retries, current_message()), *args, **kwargs)

    wrapped = update_wrapper(acall if iscoroutinefunction(function) else call, function)
    own = signature(function)
    wrapped.__signature__ = own.replace(parameters=list(own.parameters.values())[1:])  # type: ignore[attr-defined]
    return wrapped
