"""What a task of a Celery app becomes here: its fields, its policy, and what cannot be moved."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..errors import ConfigurationError
from .annotated_fields import FieldSpec, field_specs
from .celery_options import CeleryOptions

_OPTIONS = CeleryOptions.__dataclass_fields__.keys()

_CALLS = {
    "retry": "self.retry(countdown=n) becomes `raise Nack(n)`",
    "delay": "calls of .delay(...) become .publish(...), by name",
    "apply_async": ".apply_async(...) becomes .options(...).publish(...)",
    "chord": "there are no chords: publish a message for each part, and count them in a store",
    "group": "there are no groups: publish a message for each part",
    "chain": "there are no chains: publish the next message from the handler",
    "Ignore": "raise Ignore() becomes `raise SkipMessage()`",
    "Reject": "Celery's Reject becomes `raise Reject(reason)` of pubsub_tasks, or `raise Nack()` to requeue",
    "request": "self.request becomes a parameter `delivery: Delivery`",
    "get": "if .get() waits for the result of a task: there are no results, publish the outcome as a message",
    "update_state": "there are no task states: publish progress as a message",
}
"""How to replace what Celery's tasks use, by its name in their code."""


@dataclass(frozen=True, slots=True)
class CeleryAppTask:
    """A task of a Celery app.

    Attributes:
        name: the name that Celery knows.
        function: the function behind it.
        queue: the queue that it is routed to.
        fields: the fields of its schema by parameter.
        options: its retry options and time limits.
        problems: why it cannot be moved as it is.
        notes: what has to change in its code, and what works differently after the move.
    """

    name: str
    function: Callable[..., Any]
    queue: str
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    options: CeleryOptions = field(default_factory=CeleryOptions)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, task: Any, queue: str, limits: Mapping[str, float | None]) -> Self:
        """Read a task of Celery's. `limits` are the time limits of the app, by option."""
        function = getattr(task, "_orig_run", task.run)  # autoretry_for wraps `run`
        fields: Mapping[str, FieldSpec] = {}
        options = CeleryOptions()
        problems = list(_problems(task))
        try:
            options = _options(task, limits)
            fields = field_specs(function)
        except ConfigurationError as error:
            problems.append(str(error))
        return cls(
            task.name,
            function,
            queue,
            fields,
            options,
            tuple(problems),
            tuple(_notes(task, function)),
        )


def app_tasks(app: Any) -> list[CeleryAppTask]:
    """Return the tasks of a Celery app by name, without Celery's own. The app's modules are imported."""
    app.finalize()
    app.loader.import_default_modules()
    limits = {"time_limit": app.conf.task_time_limit, "soft_time_limit": app.conf.task_soft_time_limit}
    return [
        CeleryAppTask.of(task, _queue(app, task), limits)
        for name, task in sorted(app.tasks.items())
        if not name.startswith("celery.")
    ]


def _queue(app: Any, task: Any) -> str:
    declared = getattr(task, "queue", None)  # wins over `task_routes`
    routed = app.amqp.router.route({"queue": declared} if declared else {}, task.name)
    queue = routed.get("queue") or app.conf.task_default_queue
    return str(getattr(queue, "name", queue))


def _options(task: Any, limits: Mapping[str, float | None]) -> CeleryOptions:
    given = {name: getattr(task, name) for name in (*_OPTIONS, "retry_kwargs") if hasattr(task, name)}
    for name, limit in limits.items():
        given[name] = limit if given.get(name) is None else given[name]
    return CeleryOptions.of(given)


def _problems(task: Any) -> Iterator[str]:
    if task.serializer == "pickle":
        yield "its arguments are pickled: publish them as JSON first (task_serializer)"


def _notes(task: Any, function: Callable[..., Any]) -> Iterator[str]:
    if task.rate_limit:
        yield f"rate_limit={task.rate_limit!r} has no counterpart: bound the worker's --concurrency"
    if task.expires is not None:
        yield f"expires={task.expires!r} has no counterpart: publish with .options(expires=...)"
    if not task.acks_late:
        yield "acks_late is off: here a message is deleted after the function has returned"
    if not task.ignore_result and task.app.conf.result_backend:
        yield "its result is kept by Celery: publish the outcome as a message"
    code = getattr(inspect.unwrap(function), "__code__", None)
    for name in code.co_names if code else ():
        if name in _CALLS:
            yield _CALLS[name]
