"""Finds the app that a test names, and makes its object graph. Nothing is read from the environment."""

from types import ModuleType
from typing import Any

from ..cli.find_app import import_app
from ..errors import ConfigurationError
from ..graph.object_graph import graph_for, is_graph
from ..tasks.registry import Tasks, default_tasks
from ..tasks.task import Task

App = Any
"""A `Tasks`, a module, `"module"` or `"module:attribute"`, a testing object graph, a callable that returns
one of these, or None for the default registry."""


def graph_of(app: App) -> Any:
    """A testing object graph for the app, with its producer and tasks resolved.

    Raises ConfigurationError if the app is none of the above, cannot be imported, or is not for testing.
    """
    target = _target(app)
    if isinstance(target, Tasks):
        # Entry points of other packages provide dependencies, which only handler classes have.
        classes = any(task.factory for task in target)
        graph = graph_for(target, testing=True, entry_points=classes, environ=False)
    else:
        graph = target
    if not graph.metadata.testing:
        raise ConfigurationError(
            f"the graph {graph.metadata.name!r} was created without testing=True, so it would use AWS"
        )
    was_locked = graph._locked
    graph.unlock()  # so that components can be added
    graph.use("pubsub_world", "sns_producer", "pubsub_served_tasks", "pubsub_claims", "pubsub_observers")
    if was_locked:
        graph.lock()
    if isinstance(target, Tasks):
        target.unbind(graph.sns_producer)  # a test that ends must leave nothing behind
    return graph


def _target(app: App) -> Any:
    if app is None or isinstance(app, ModuleType):
        return default_tasks
    if isinstance(app, str):
        app = import_app(app)
    elif callable(app) and not isinstance(app, Task):
        app = app()
    if isinstance(app, Tasks) or is_graph(app):
        return app
    raise ConfigurationError(
        f"{app!r:.100} is no app: give a Tasks, a module or its name, MODULE:ATTRIBUTE, an object graph made "
        "with testing=True, or a callable that returns one of these"
    )
