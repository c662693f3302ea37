"""The `pubsub-tasks celery` commands: what the tasks of a Celery app become here."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ..celery.app_task import CeleryAppTask, app_tasks
from ..celery.task_source import write_source
from ..errors import ConfigurationError
from .find_app import import_module
from .one_line_errors import OneLineCommand, OneLineGroup
from .output.terminal import make_console, print_line
from .output.values import cell


@click.group(cls=OneLineGroup)
def celery() -> None:
    """Read a Celery app, to move its tasks.

    \b
    pubsub-tasks celery inspect --app shop.celery_app
    """


@celery.command(name="inspect", cls=OneLineCommand)
@click.option("--app", "-A", metavar="MODULE[:ATTRIBUTE]", required=True, help="The Celery app.")
@click.option(
    "--write",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the schemas and tasks to a new file, to start from.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
def inspect(app: str, write: Path | None, as_json: bool) -> None:
    """List the tasks of a Celery app: what each becomes here, and what cannot be moved.

    \b
    pubsub-tasks celery inspect --app shop.celery_app --write shop/tasks.py
    """
    tasks = app_tasks(_find_celery_app(app))
    if not tasks:
        raise ConfigurationError(f"--app {app}: it has no tasks: name the module that declares them")
    if write is not None:
        _write(write, app, tasks)
    if as_json:
        print_line(json.dumps([_as_json(task) for task in tasks]))
        return
    make_console().print(_table(tasks))
    for task in tasks:
        for problem in task.problems:
            print_line(f"{task.name} cannot be moved: {problem}")
    for note, names in _by_note(tasks).items():
        print_line(f"{', '.join(names)}: {note}")


def _by_note(tasks: Sequence[CeleryAppTask]) -> dict[str, list[str]]:
    """Each note with the names of its tasks, since many tasks of an app have the same one."""
    names: dict[str, list[str]] = {}
    for task in tasks:
        for note in task.notes:
            names.setdefault(note, []).append(task.name)
    return names


def _find_celery_app(spec: str) -> Any:
    """Find a Celery app by module and attribute, or by the names that Celery itself looks for."""
    name, _, attribute = spec.partition(":")
    module = import_module(name)
    if not attribute and not _apps_in(module) and _has_celery_module(module, name):
        module = import_module(f"{name}.celery")
    for candidate in [attribute] if attribute else ["app", "celery", "celery_app"]:
        found = getattr(module, candidate, None)
        if _is_celery_app(found):
            return found
    if not attribute and (others := _apps_in(module)):
        return others[0]
    raise ConfigurationError(f"--app {spec}: no Celery app is there: name it as MODULE:ATTRIBUTE")


def _has_celery_module(module: object, name: str) -> bool:
    """Whether it is a package with a module `celery`, which Celery itself looks at too."""
    return hasattr(module, "__path__") and find_spec(f"{name}.celery") is not None


def _apps_in(module: Any) -> list[Any]:
    return [found for found in vars(module).values() if _is_celery_app(found)]


def _is_celery_app(found: Any) -> bool:
    return any(each.__module__ == "celery.app.base" for each in type(found).__mro__)


def _write(file: Path, app: str, tasks: Sequence[CeleryAppTask]) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(write_source(app, tasks))
    except FileExistsError as error:
        raise ConfigurationError(f"{file} exists already: name a new file") from error
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error


def _table(tasks: Sequence[CeleryAppTask]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in ("celery task", "queue", "fields", "attempts", "retried after", "time limit"):
        table.add_column(column, overflow="fold")
    for task in tasks:
        options = task.options
        table.add_row(
            *map(
                cell,
                (
                    task.name,
                    task.queue,
                    _fields(task),
                    "no limit" if options.max_retries is None else str(options.max_retries + 1),
                    ", ".join(error.__name__ for error in options.autoretry_for) or "nothing by itself",
                    "none" if options.timeout is None else f"{options.timeout:g} s",
                ),
            )
        )
    return table


def _fields(task: CeleryAppTask) -> str:
    if not task.fields:
        return "-" if task.problems else "none"
    return ", ".join(f"{name}: {spec.kind.removeprefix('fields.')}" for name, spec in task.fields.items())


def _as_json(task: CeleryAppTask) -> dict[str, Any]:
    options = task.options
    return {
        "task": task.name,
        "queue": task.queue,
        "fields": {name: spec.kind.removeprefix("fields.") for name, spec in task.fields.items()},
        "attempts": None if options.max_retries is None else options.max_retries + 1,
        "retried_after": [error.__name__ for error in options.autoretry_for],
        "timeout": options.timeout,
        "problems": list(task.problems),
        "notes": list(task.notes),
    }
