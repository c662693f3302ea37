"""Finds the user's tasks by `--app`, by the environment or by entry points of installed packages."""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any, NamedTuple, Protocol

from ..errors import ConfigurationError
from ..graph.object_graph import graph_for, is_graph
from ..publishing.routes import QueueUrls
from ..tasks.registry import Tasks, default_tasks
from ..tasks.task import Task
from ..untrusted.exceptions import error_class, error_text

ENTRY_POINTS = "pubsub_tasks.tasks"
VARIABLE = "PUBSUB_TASKS_APP"


class App(NamedTuple):
    """A user's tasks and the object graph that runs them.

    Attributes:
        tasks: the registry.
        graph: makes the object graph; the given configuration overrides any other.
        name: how the user named the app, for errors.
    """

    tasks: Tasks
    graph: "MakeGraph"
    name: str = "the app"

    def require_tasks(self, graph: Any) -> Tasks:
        """The tasks that the graph serves. Raises ConfigurationError if there are none."""
        tasks: Tasks = graph.pubsub_served_tasks
        if tasks.queues:
            return tasks
        raise ConfigurationError(
            f"{self.name} declares no tasks: name the module that does, or a registry as MODULE:ATTRIBUTE"
        )


class MakeGraph(Protocol):
    """Makes the object graph of an app. Raises ConfigurationError."""

    def __call__(self, config: Mapping[str, Any], *, testing: bool, debug: bool) -> Any: ...


def find(spec: str | None) -> App:
    """Find the app named by `module` or `module:attribute`, by PUBSUB_TASKS_APP, or by entry points.

    The current directory is searched first. The attribute is a `Tasks`, an object graph, or a callable that
    returns either.

    Raises ConfigurationError.
    """
    spec = spec or os.environ.get(VARIABLE)
    name = f"--app {spec}" if spec else f"the entry points in {ENTRY_POINTS}"
    target = import_app(spec) if spec else _installed()
    if isinstance(target, Tasks):
        return App(target, partial(_own_graph, target), name)
    target.unlock()  # so that components can be added; `serve` locks it again
    return App(target.sqs_message_handler_registry, partial(_given_graph, target), name)


def load(spec: str | None) -> Tasks:
    """The tasks of the app. Raises ConfigurationError."""
    return find(spec).tasks


def load_served(spec: str | None) -> tuple[Tasks, QueueUrls]:
    """The tasks of the app with an instance of each handler class, and its configured queue URLs.

    Raises ConfigurationError, Unbound.
    """
    app = find(spec)
    graph = app.graph({}, testing=False, debug=False)
    return app.require_tasks(graph), graph.sqs_queue_urls


def _own_graph(tasks: Tasks, config: Mapping[str, Any], *, testing: bool, debug: bool) -> Any:
    # Entry points of other packages provide dependencies, which only handler classes have.
    classes = any(task.factory for task in tasks)
    graph = graph_for(tasks, config, testing=testing, debug=debug, entry_points=classes)
    if classes or testing:
        graph.use("sns_producer")
    return graph


def _given_graph(graph: Any, config: Mapping[str, Any], *, testing: bool, debug: bool) -> Any:
    if testing and not graph.metadata.testing:
        raise ConfigurationError(
            f"--testing: the graph {graph.metadata.name!r} was created without testing, so it would use AWS"
        )
    graph.use("sns_producer", "pubsub_served_tasks")
    return graph


def _installed() -> Tasks:
    points = list(entry_points(group=ENTRY_POINTS))
    for point in points:
        import_module(point.value.partition(":")[0])
    if not points:
        raise ConfigurationError(
            f"no tasks: name their module with --app, in {VARIABLE}, or by an entry point in {ENTRY_POINTS}"
        )
    return default_tasks


def import_app(spec: str) -> Any:
    """Import `module` or `module:attribute`: a Tasks or an object graph. Raises ConfigurationError."""
    name, _, attribute = spec.partition(":")
    if name.endswith(".py"):
        suggestion = ":".join(filter(None, [_module_of(name), attribute]))
        raise ConfigurationError(f"--app {spec} is a file name: give the module name, --app {suggestion}")
    if not name or name.startswith("."):
        raise ConfigurationError(f"--app {spec} does not name a module: write MODULE or MODULE:ATTRIBUTE")
    module = import_module(name)
    if not attribute:
        return default_tasks
    target = getattr(module, attribute, None)
    if target is None:
        raise ConfigurationError(f"--app {spec}: module {name} has no {attribute!r}")
    if callable(target) and not isinstance(target, Tasks | Task):
        with _errors_with_location(spec):
            target = target()
    if isinstance(target, Tasks) or is_graph(target):
        return target
    raise ConfigurationError(
        f"--app {spec}: {type(target).__name__} is neither a Tasks nor an object graph, nor a callable that "
        "returns one"
    )


def import_module(name: str) -> object:
    """Import a module; the current directory is searched first. Raises ConfigurationError."""
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    with _errors_with_location(name):
        return importlib.import_module(name)


def _module_of(file: str) -> str:
    path = Path(os.path.relpath(file)).with_suffix("")
    return ".".join(part for part in path.parts if part != "..")


@contextmanager
def _errors_with_location(name: str) -> Iterator[None]:
    """Raise ConfigurationError with the file and line of an error in the app's code."""
    try:
        yield
    except Exception as error:
        location = _location(error, name.partition(":")[0].partition(".")[0])
        # str() of a SyntaxError repeats file and line.
        text = error.msg if isinstance(error, SyntaxError) else error_text(error)
        raise ConfigurationError(f"--app {name}: {location}: {error_class(error)}: {text}") from error


def _location(error: Exception, package: str) -> str:
    """The innermost file and line of the app's code."""
    lines = [
        (frame.f_code.co_filename, line)
        for frame, line in walk_tb(error.__traceback__)
        if _is_app_code(frame, package)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((error.filename, error.lineno or 1))
    if not lines:
        return f"cannot be imported from {os.getcwd()}"
    file, line = lines[-1]
    path = Path(file)
    return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}:{line}"


def _is_app_code(frame: FrameType, package: str) -> bool:
    """Whether a frame is of the named package, or of a file below this directory that is not installed."""
    top = str(frame.f_globals.get("__name__")).partition(".")[0]
    path = Path(frame.f_code.co_filename)
    here = path.is_relative_to(Path.cwd()) and "site-packages" not in path.parts
    return top == package or (here and top != __name__.partition(".")[0])
