"""Apps: finding a user's tasks from what the command line, the environment or an installed package names."""

import importlib
import os
import sys
from importlib.metadata import entry_points

from ..errors import ConfigurationError
from ..tasks import Tasks, default_tasks

ENTRY_POINTS = "pubsub_tasks.tasks"
VARIABLE = "PUBSUB_TASKS_APP"


def load(spec: str | None) -> Tasks:
    """The tasks of `module` or `module:attribute`, else of PUBSUB_TASKS_APP, else of installed packages.

    The current directory is searched first. The attribute is a `Tasks`, an object graph, or a callable that
    returns either. Raises ConfigurationError.
    """
    spec = spec or os.environ.get(VARIABLE)
    if spec:
        return _load_spec(spec)
    found = list(entry_points(group=ENTRY_POINTS))
    for point in found:
        _import(point.value.partition(":")[0])
    if not found:
        raise ConfigurationError(
            f"no tasks: name their module with --app, in {VARIABLE}, or by an entry point in {ENTRY_POINTS}"
        )
    return default_tasks


def _load_spec(spec: str) -> Tasks:
    name, _, attribute = spec.partition(":")
    module = _import(name)
    if not attribute:
        return default_tasks
    target = getattr(module, attribute, None)
    if target is None:
        raise ConfigurationError(f"--app {spec}: module {name} has no {attribute!r}")
    return _as_tasks(target, spec)


def _as_tasks(target: object, spec: str) -> Tasks:
    if callable(target) and not isinstance(target, Tasks):
        target = target()
    if isinstance(target, Tasks):
        return target
    raise ConfigurationError(
        f"--app {spec}: {type(target).__name__} is no Tasks, and no callable that returns one"
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
