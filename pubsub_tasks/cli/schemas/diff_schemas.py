"""The `pubsub-tasks schema diff` command."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from ...cli import find_app
from ...errors import ConfigurationError
from ...processes.exit_codes import INCOMPLETE
from ...schemas.changes import Risk, SchemaChange
from ...schemas.comparison import compare_messages
from ...schemas.reading import versions_of, versions_of_export
from ...schemas.schema_version import SchemaVersion
from ..one_line_errors import OneLineCommand
from ..output.terminal import make_console, print_line
from ..output.values import cell
from ..provisioning.common_options import app_option
from .export_schemas import export_app

_STYLES = {Risk.SAFE: "green", Risk.RISKY: "yellow", Risk.BREAKING: "bold red"}


@click.command(cls=OneLineCommand)
@click.argument("old")
@click.argument("new", required=False)
@app_option
@click.option(
    "--for",
    "side",
    type=click.Choice(["publisher", "consumer", "both"]),
    default="both",
    show_default=True,
    help="Whose breaking changes make the exit code 1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
def diff(old: str, new: str | None, app: str | None, side: str, as_json: bool) -> None:
    """Compare two versions of schemas. Exits with 1 if a change is breaking.

    \b
    pubsub-tasks schema diff asyncapi.json --app shop.tasks
    pubsub-tasks schema diff old/asyncapi.json new/asyncapi.json

    OLD and NEW are files or directories that `export` wrote; without NEW, OLD is compared with the app. The
    column publisher says what happens if publishers move to the new version first, consumer the same for
    consumers.
    """
    if new is not None and app is not None:
        raise click.UsageError("give NEW or --app, not both")
    after = _read(new) if new is not None else versions_of_export(export_app(find_app.load(app)))
    changes = compare_messages(_read(old), after)
    if as_json:
        print_line(json.dumps([_as_json(change) for change in changes]))
    else:
        _print(changes)
    if any(_risk(change, side) is Risk.BREAKING for change in changes):
        raise click.exceptions.Exit(INCOMPLETE)


def _read(source: str) -> dict[str, SchemaVersion]:
    """The messages of a file, or of all JSON files of a directory."""
    path = Path(source)
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise click.UsageError(f"{source} has no .json files")
    found: dict[str, SchemaVersion] = {}
    for file in files:
        try:
            found |= versions_of(json.loads(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise click.UsageError(f"cannot read {file}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise click.UsageError(f"{file} is not JSON: {error}") from error
        except ConfigurationError as error:
            raise click.UsageError(f"{file}: {error}") from error
    return found


def _risk(change: SchemaChange, side: str) -> Risk:
    if side == "both":
        return change.worst
    return change.publisher if side == "publisher" else change.consumer


def _as_json(change: SchemaChange) -> dict[str, Any]:
    return {
        "media_type": change.media_type,
        "path": change.path,
        "change": change.text,
        "publisher": change.publisher.name.lower(),
        "consumer": change.consumer.name.lower(),
        "reason": change.reason,
    }


def _print(changes: Sequence[SchemaChange]) -> None:
    console = make_console()
    for media_type in dict.fromkeys(change.media_type for change in changes):
        console.print(Text(cell(media_type), style="bold"))
        console.print(_table([change for change in changes if change.media_type == media_type]))
    counts = {risk: sum(change.worst is risk for change in changes) for risk in reversed(Risk)}
    print_line(", ".join(f"{count} {risk.name.lower()}" for risk, count in counts.items()))


def _table(changes: Sequence[SchemaChange]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for column in ("publisher", "consumer", "field", "change"):
        table.add_column(column, overflow="fold")
    for change in sorted(changes, key=lambda change: -change.worst):
        reason = f": {change.reason}" if change.reason else ""
        risks = (Text(risk.name.lower(), _STYLES[risk]) for risk in (change.publisher, change.consumer))
        table.add_row(*risks, cell(change.path or "the message"), f"{cell(change.text)}{reason}")
    return table
