"""The `pubsub-tasks tasks` command: lists an app's tasks and how their schemas convert content."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

import click
from rich.table import Table

from ..content.codec import Codec
from ..errors import ConfigurationError, UnknownMediaType
from ..tasks.registry import Tasks
from ..tasks.task import Task
from .find_app import find
from .one_line_errors import OneLineCommand
from .output.terminal import make_console, print_line
from .output.values import cell


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task as it is listed.

    Attributes:
        schema: module and name of the schema's class, or None if no schema declares the media type.
        policy: the retry policy in words.
        timeout: seconds that one attempt may take, or None.
        no_load_plan: why marshmallow itself loads all content, or None.
        no_dump_plan: why marshmallow itself dumps all content, or None.
    """

    task: str
    media_type: str
    schema: str | None
    queue: str
    policy: str
    timeout: float | None
    no_load_plan: str | None
    no_dump_plan: str | None

    @classmethod
    def of(cls, task: Task[..., Any], codec: Codec | None) -> Self:
        """Describe a task."""
        schema = type(codec.schema) if codec else None
        return cls(
            task.name,
            task.media_type,
            f"{schema.__module__}.{schema.__qualname__}" if schema else None,
            task.queue,
            task.policy.describe(),
            task.timeout,
            codec.conversion.load_plan.refusal if codec else None,
            codec.conversion.dump_plan.refusal if codec else None,
        )


@click.command(name="tasks", cls=OneLineCommand)
@click.option("--app", "-A", metavar="MODULE[:ATTRIBUTE]", help="The app that declares the tasks.")
@click.option("--verbose", "-v", is_flag=True, help="Tell which schemas have no load or dump plan, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
def command(app: str | None, verbose: bool, as_json: bool) -> None:
    """List the tasks of an app: media type, schema, queue and retry policy.

    \b
    pubsub-tasks tasks --app shop.tasks
    """
    found = find(app)
    if not found.tasks.queues:
        raise ConfigurationError(
            f"{found.name} declares no tasks: name the module that does, or a registry as MODULE:ATTRIBUTE"
        )
    rows = _rows(found.tasks)
    if as_json:
        print_line(json.dumps([asdict(row) for row in rows]))
        return
    console = make_console()
    console.print(_table(rows))
    if verbose:
        for line in _plans(rows):
            print_line(line)


def _rows(tasks: Tasks) -> list[TaskRow]:
    return [
        TaskRow.of(task, task.codec or _codec(tasks, task.media_type))
        for queue in sorted(tasks.queues)
        for task in tasks.for_queue(queue)
    ]


def _codec(tasks: Tasks, media_type: str) -> Codec | None:
    try:
        return tasks.schemas.find(media_type)
    except UnknownMediaType:
        return None


def _table(rows: Iterable[TaskRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in ("task", "media type", "schema", "queue", "retries"):
        table.add_column(column, overflow="fold")
    for row in rows:
        schema = (row.schema or "-").rpartition(".")[2]
        policy = row.policy if row.timeout is None else f"{row.policy}, {row.timeout:g}s each"
        table.add_row(*map(cell, (row.task, row.media_type, schema, row.queue, policy)))
    return table


def _plans(rows: Iterable[TaskRow]) -> Iterable[str]:
    """Yield a line for each schema: whether it has plans, or why it has none."""
    by_schema = {row.schema: row for row in rows if row.schema}
    for name, row in by_schema.items():
        refusals = {"load": row.no_load_plan, "dump": row.no_dump_plan}
        missing = [f"no {kind} plan, since {why}" for kind, why in refusals.items() if why]
        yield f"{name}: {'; '.join(missing) or 'loaded and dumped by plan'}"
