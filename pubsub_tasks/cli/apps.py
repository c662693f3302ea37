"""Apps: finding a user's tasks from what the command line, the environment or an installed package names."""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any, Protocol

from ..errors import ConfigurationError
from ..graph.object_graph import graph_for, is_graph
from ..publishing.routes import QueueUrls
from ..tasks.registry import Tasks, default_tasks
from ..tasks.task import Task
from ..untrusted.exceptions import error_class, error_text

ENTRY_POINTS = "pubsub_tasks.tasks"
VARIABLE = "PUBSUB_TASKS_APP"


@dataclass(frozen=True, slots=True)
class App:
    """A user's tasks, and the object graph that serves them.

    Attributes:
        tasks: the registry.
        graph: makes the graph with this configuration over all other. Raises ConfigurationError.
        name: what the user called it by.
    """

    tasks: Tasks
    graph: "MakesGraph"
    name: str = "the app"

    def declared(self, graph: Any) -> Tasks:
        """The tasks that its graph serves. Raises ConfigurationError where there are none."""
        tasks: Tasks = graph.pubsub_served_tasks
        if tasks.queues:
            return tasks
        raise ConfigurationError(
            f"{self.name} declares no task, so there is nothing to run: name the module that has them, or a "
            "registry of its own as MODULE:ATTRIBUTE"
        )


class MakesGraph(Protocol):
    """Makes the graph of an app."""

    def __call__(self, config: Mapping[str, Any], *, testing: bool, debug: bool) -> Any: ...


def find(spec: str | None) -> App:
    """The app that `module` or `module:attribute` names, else PUBSUB_TASKS_APP, else installed packages.

    The current directory is searched first. The attribute is a `Tasks`, an object graph, or a callable that
    returns either. Raises ConfigurationError.
    """
    spec = spec or os.environ.get(VARIABLE)
    name = f"--app {spec}" if spec else f"what is installed in {ENTRY_POINTS}"
    target = _named(spec) if spec else _installed()
    if isinstance(target, Tasks):
        return App(target, partial(_own_graph, target), name)
    target.unlock()  # nothing runs yet, and who serves locks it
    return App(target.sqs_message_handler_registry, partial(_same, target), name)


def load(spec: str | None) -> Tasks:
    """The tasks of the app. Raises ConfigurationError."""
    return find(spec).tasks


def served(spec: str | None) -> tuple[Tasks, QueueUrls]:
    """The tasks of the app, with an instance of each handler class, and the URLs that it configures for its
    queues. Raises ConfigurationError, Unbound."""
    app = find(spec)
    graph = app.graph({}, testing=False, debug=False)
    return app.declared(graph), graph.sqs_queue_urls


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


def _installed() -> Tasks:
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
    if name.endswith(".py"):
        right = ":".join(filter(None, [_module_of(name), attribute]))
        raise ConfigurationError(f"--app {spec} is a file's name: write the module's, --app {right}")
    if not name or name.startswith("."):
        raise ConfigurationError(f"--app {spec} names no module: write MODULE or MODULE:ATTRIBUTE")
    module = _import(name)
    if not attribute:
        return default_tasks
    target = getattr(module, attribute, None)
    if target is None:
        raise ConfigurationError(f"--app {spec}: module {name} has no {attribute!r}")
    if callable(target) and not isinstance(target, Tasks | Task):
        with _told_with_its_place(spec):
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
    with _told_with_its_place(name):
        return importlib.import_module(name)


def _module_of(file: str) -> str:
    path = Path(os.path.relpath(file)).with_suffix("")
    return ".".join(part for part in path.parts if part != "..")


@contextmanager
def _told_with_its_place(name: str) -> Iterator[None]:
    """Where the app's code fails, say where: a traceback would mostly show importlib, and us."""
    try:
        yield
    except Exception as error:
        place = _place(error, name.partition(":")[0].partition(".")[0])
        # Of a syntax error the text alone: with its file and line, as str() has it, it would tell them twice.
        text = error.msg if isinstance(error, SyntaxError) else error_text(error)
        raise ConfigurationError(f"--app {name}: {place}: {error_class(error)}: {text}") from error


def _place(error: Exception, package: str) -> str:
    """The innermost file and line of the app."""
    places = [
        (frame.f_code.co_filename, line)
        for frame, line in walk_tb(error.__traceback__)
        if _is_of_app(frame, package)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno or 1))
    if not places:
        return f"cannot be imported from {os.getcwd()}"
    file, line = places[-1]
    path = Path(file)
    return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}:{line}"


def _is_of_app(frame: FrameType, package: str) -> bool:
    """Whether it is of the package that was named, or of this directory and not only installed there."""
    top = str(frame.f_globals.get("__name__")).partition(".")[0]
    path = Path(frame.f_code.co_filename)
    here = path.is_relative_to(Path.cwd()) and "site-packages" not in path.parts
    return top == package or (here and top != __name__.partition(".")[0])
