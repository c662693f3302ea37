"""Handler classes whose instances are created by an object graph.

A handler class with a `@binding` is created by the graph, which gives it its collaborators. If some of them
are requested by name, the others are not served, as in a code base where each daemon has its own handlers.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

from ..errors import ConfigurationError, PubSubTasksError
from ..tasks.middleware import Layer, Next
from ..tasks.publishable import SupportsPublish
from ..tasks.registry import Tasks
from ..tasks.task import Task
from .opaque import OpaqueHeaders


def served(graph: Any, tasks: Tasks, components: Iterable[str] = ()) -> Tasks:
    """The tasks that a graph serves, with instances of handler classes.

    `components` are bindings requested by name. Raises ConfigurationError if the graph is locked and a
    handler was not created before.
    """
    bound = _bound(graph, tasks)
    named = {task for task, key in bound.items() if key in set(components)}
    chosen = [task for task in tasks if task not in bound or not named or task in named]
    instances = {task: _component(graph, bound[task], task) for task in chosen if task in bound}
    testing = graph.metadata.testing
    made = [
        _copy(task, instances.get(task)) if task in instances or (testing and task.factory) else task
        for task in chosen
    ]
    layers = [_publish_with(tasks, graph.sns_producer)] if testing else []
    opaque: OpaqueHeaders | None = graph.pubsub_opaque_headers
    if opaque is not None:
        layers.insert(0, Layer(opaque.handle, opaque.ahandle))
    return _registry(tasks, made, [*layers, *graph.pubsub_middleware.handling])


def _bound(graph: Any, tasks: Tasks) -> Mapping[Task[..., Any], str]:
    """The binding of each handler class: its own, or one whose component is an instance of it."""
    keys = {id(factory): key for key, factory in graph._registry.all.items()}
    made = {id(type(component)): key for key, component in graph.items()}
    found = {task: keys.get(id(task.factory)) or made.get(id(task.factory)) for task in tasks if task.factory}
    return {task: key for task, key in found.items() if key}


def _component(graph: Any, key: str, task: Task[..., Any]) -> Any:
    if graph._locked and graph.get(key) is None:
        raise ConfigurationError(
            f"the graph is locked, and {key!r} was never made, which is the handler {task.name}: "
            f"graph.use({key!r}) before graph.lock()"
        )
    try:
        return getattr(graph, key)
    except PubSubTasksError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"the graph cannot make {key!r}, which is the handler {task.name}: {error!r}"
        ) from error


def _copy(task: Task[..., Any], instance: Any) -> Task[..., Any]:
    """A copy of a handler class's task, with this instance, or else with one that is made at first use.

    A process may have several graphs, each with its own copy.
    """
    made = copy(task)
    made.handler = task.handler.anew()
    if instance is not None:
        made.resolve(instance)
    return made


def _publish_with(tasks: Tasks, producer: SupportsPublish) -> Layer:
    """Middleware that makes the handlers of a testing graph publish with its own producer."""

    def plain(call_next: Next, call: Any) -> Any:
        with tasks.bound(producer):
            return call_next(call)

    async def coroutine(call_next: Next, call: Any) -> Any:
        with tasks.bound(producer):
            return await call_next(call)

    return Layer(plain, coroutine)


def _registry(tasks: Tasks, chosen: Iterable[Task[..., Any]], layers: Sequence[Layer]) -> Tasks:
    """A registry of the chosen tasks, with these layers around the registry's own."""
    registry = Tasks()
    registry.schemas = tasks.schemas
    registry.middleware = [*layers, *tasks.middleware]
    registry.observers = tasks.observers
    registry.assumed = tasks.assumed
    for task in chosen:
        registry.register(task)
    return registry
