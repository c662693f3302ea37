"""The `pubsub-tasks tasks` command: lists an app's tasks and how their schemas convert content."""

import json
from collections.abc import Iterable
from dataclasses import asdict

import click
from rich.table import Table

from ..errors import ConfigurationError
from ..schemas.task_rows import TaskRow, task_rows
from .find_app import find
from .one_line_errors import OneLineCommand
from .output.terminal import make_console, print_line
from .output.values import cell


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
    rows = task_rows(found.tasks)
    if as_json:
        print_line(json.dumps([asdict(row) for row in rows]))
        return
    console = make_console()
    console.print(_table(rows))
    if verbose:
        for line in _plans(rows):
            print_line(line)


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
