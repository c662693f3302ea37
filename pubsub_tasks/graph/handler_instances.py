"""Bound: handler classes of which an object graph makes the instances. Knows the graph by its attributes.

A class with a `@binding` is made by the graph, so that it gets its collaborators. Where some of them are
asked for by name, the others are not served, as in a code base whose daemons each take their own.
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
    """The tasks that a graph serves, with an instance of each handler class.

    `components` are bindings that were asked for by name. Raises ConfigurationError where the graph is locked
    and a handler was never made.
    """
    bound = _bound(graph, tasks)
    named = {task for task, key in bound.items() if key in set(components)}
    chosen = [task for task in tasks if task not in bound or not named or task in named]
    made = [_made(task, _component(graph, bound[task], task)) if task in bound else task for task in chosen]
    layers = [_into_world(tasks, graph.sns_producer)] if graph.metadata.testing else []
    opaque: OpaqueHeaders | None = graph.pubsub_opaque_headers
    if opaque is not None:
        layers.insert(0, Layer(opaque.handle, opaque.ahandle))
    return _registry(tasks, made, [*layers, *graph.pubsub_middleware.handling])


def _bound(graph: Any, tasks: Tasks) -> Mapping[Task[..., Any], str]:
    """The binding of each handler class: the one that it has, else one that gave an instance of it."""
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


def _made(task: Task[..., Any], instance: Any) -> Task[..., Any]:
    """The task with this instance; the declared one stays as it is, as a process may have several graphs."""
    made = copy(task)
    made.handler = copy(task.handler)
    made.resolve(instance)
    return made


def _into_world(tasks: Tasks, producer: SupportsPublish) -> Layer:
    """Handlers of a graph that is testing publish into its own world, whatever other graphs bound."""

    def plain(call_next: Next, call: Any) -> Any:
        with tasks.bound(producer):
            return call_next(call)

    async def coroutine(call_next: Next, call: Any) -> Any:
        with tasks.bound(producer):
            return await call_next(call)

    return Layer(plain, coroutine)


def _registry(tasks: Tasks, chosen: Iterable[Task[..., Any]], layers: Sequence[Layer]) -> Tasks:
    """A registry of the chosen tasks, with these layers outside of the registry's own."""
    registry = Tasks()
    registry.schemas = tasks.schemas
    registry.middleware = [*layers, *tasks.middleware]
    registry.observers = tasks.observers
    for task in chosen:
        registry.register(task)
    return registry
