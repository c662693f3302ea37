"""Apps: finding a user's tasks from what the command line, the environment or an installed package names."""

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from typing import Any, Protocol

from ..errors import ConfigurationError
from ..graph import graph_for, is_graph
from ..tasks import Tasks, default_tasks

ENTRY_POINTS = "pubsub_tasks.tasks"
VARIABLE = "PUBSUB_TASKS_APP"


@dataclass(frozen=True, slots=True)
class App:
    """A user's tasks, and the object graph that serves them.

    Attributes:
        tasks: the registry.
        graph: makes the graph with this configuration over all other. Raises ConfigurationError.
    """

    tasks: Tasks
    graph: "MakesGraph"


class MakesGraph(Protocol):
    """Makes the graph of an app."""

    def __call__(self, config: Mapping[str, Any], *, testing: bool, debug: bool) -> Any: ...


def find(spec: str | None) -> App:
    """The app that `module` or `module:attribute` names, else PUBSUB_TASKS_APP, else installed packages.

    The current directory is searched first. The attribute is a `Tasks`, an object graph, or a callable that
    returns either. Raises ConfigurationError.
    """
    target = _target(spec)
    if isinstance(target, Tasks):
        return App(target, partial(_own_graph, target))
    target.unlock()  # nothing runs yet, and who serves locks it
    return App(target.sqs_message_handler_registry, partial(_same, target))


def load(spec: str | None) -> Tasks:
    """The tasks of the app. Raises ConfigurationError."""
    return find(spec).tasks


def served(spec: str | None) -> Tasks:
    """The tasks of the app, with an instance of each handler class. Raises ConfigurationError, Unbound."""
    tasks: Tasks = find(spec).graph({}, testing=False, debug=False).pubsub_served_tasks
    return tasks


def _own_graph(tasks: Tasks, config: Mapping[str, Any], *, testing: bool, debug: bool) -> Any:
    # Entry points of other packages are for collaborators, which only classes ask for.
    classes = any(task.factory for task in tasks)
    graph = graph_for(tasks, config, testing=testing, debug=debug, entry_points=classes)
    if classes or testing:
        graph.use("sns_producer")
    return graph


def _same(graph: Any, config: Mapping[str, Any], *, testing: bool, debug: bool) -> Any:
    if testing and not graph.metadata.testing:
        raise ConfigurationError(
            f"--testing: the graph {graph.metadata.name!r} was made without it, so it would speak to AWS"
        )
    graph.use("sns_producer", "pubsub_served_tasks")
    return graph


def _target(spec: str | None) -> Any:
    spec = spec or os.environ.get(VARIABLE)
    if spec:
        return _named(spec)
    found = list(entry_points(group=ENTRY_POINTS))
    for point in found:
        _import(point.value.partition(":")[0])
    if not found:
        raise ConfigurationError(
            f"no tasks: name their module with --app, in {VARIABLE}, or by an entry point in {ENTRY_POINTS}"
        )
    return default_tasks


def _named(spec: str) -> Any:
    name, _, attribute = spec.partition(":")
    module = _import(name)
    if not attribute:
        return default_tasks
    target = getattr(module, attribute, None)
    if target is None:
        raise ConfigurationError(f"--app {spec}: module {name} has no {attribute!r}")
    if callable(target) and not isinstance(target, Tasks):
        target = target()
    if isinstance(target, Tasks) or is_graph(target):
        return target
    raise ConfigurationError(
        f"--app {spec}: {type(target).__name__} is no Tasks and no object graph, and no callable that "
        "returns either"
    )


def _import(name: str) -> object:
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise ConfigurationError(
            f"--app {name}: cannot be imported from {directory}: {type(error).__name__}: {error}"
        ) from error
