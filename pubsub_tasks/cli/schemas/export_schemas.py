"""The `pubsub-tasks schema export` command."""

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from ...cli import find_app
from ...errors import ConfigurationError
from ...schemas.documents import ReceivingTask, asyncapi_document, json_schema_document
from ...schemas.json_schema import SchemaExport, export_schemas
from ...tasks.registry import Tasks
from ...wire.media_types import topic_name
from ..one_line_errors import OneLineCommand
from ..output.terminal import print_line
from ..provisioning.common_options import app_option

STDOUT = "-"


@click.command(cls=OneLineCommand)
@app_option
@click.option(
    "--format",
    "wanted",
    type=click.Choice(["asyncapi", "json-schema"]),
    default="asyncapi",
    show_default=True,
    help="One AsyncAPI 3 document for the app, or a JSON Schema for each media type.",
)
@click.option(
    "--media-type", "media_types", multiple=True, metavar="TYPE", help="Only these; * and ? are wildcards."
)
@click.option("--title", metavar="TEXT", help="Title of the AsyncAPI document; the app's name by default.")
@click.option(
    "--app-version", default="1", show_default=True, metavar="TEXT", help="Version in the AsyncAPI document."
)
@click.option("--prefix", default="", metavar="TEXT", help="Beginning of the names of topics and queues.")
@click.option(
    "--output",
    "-o",
    default=STDOUT,
    metavar="PATH",
    help="File to write, or the directory for several JSON Schemas; standard output by default.",
)
def export(
    app: str | None,
    wanted: str,
    media_types: Sequence[str],
    title: str | None,
    app_version: str,
    prefix: str,
    output: str,
) -> None:
    """Write the app's schemas as an AsyncAPI document or as JSON Schema.

    \b
    pubsub-tasks schema export --app shop.tasks --output asyncapi.json
    pubsub-tasks schema export --app shop.tasks --format json-schema --output schemas/
    """
    found = find_app.find(app)
    exported = export_app(found.tasks, media_types)
    if wanted == "asyncapi":
        name = title or found.name.removeprefix("--app ")
        receivers = [ReceivingTask(task.media_type, task.queue, task.name) for task in found.tasks]
        document = asyncapi_document(exported, receivers, title=name, version=app_version, prefix=prefix)
        _write(output, document)
    else:
        _write_json_schemas(output, exported)


def export_app(tasks: Tasks, media_types: Sequence[str] = ()) -> SchemaExport:
    """The schemas of an app. Raises ConfigurationError if there are none, and MissingExtra."""
    bound = {task.media_type: tasks.codec_of(task) for task in tasks if not task.media_type.endswith(".*")}
    names = [name for name in tasks.schemas.media_types() if not name.endswith(".*")]
    codecs = {**{name: tasks.schemas.find(name) for name in names}, **bound}
    chosen = [
        codec
        for name, codec in codecs.items()
        if not media_types or any(fnmatchcase(name, pattern) for pattern in media_types)
    ]
    if not chosen:
        raise ConfigurationError(
            f"no schema matches {' or '.join(media_types)}" if media_types else "the app declares no schema"
        )
    return export_schemas(chosen)


def _write_json_schemas(output: str, exported: SchemaExport) -> None:
    documents = {message.media_type: json_schema_document(message, exported) for message in exported.messages}
    if output == STDOUT:
        single = next(iter(documents.values())) if len(documents) == 1 else documents
        _write(output, single)
        return
    directory = Path(output)
    if directory.is_file():
        raise click.UsageError(f"--output {output} is a file: name a directory, a file for each media type")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from error
    for media_type, document in documents.items():
        _write(str(directory / f"{topic_name(media_type)}.json"), document)


def _write(output: str, document: Any) -> None:
    text = json.dumps(document, indent=2)
    if output == STDOUT:
        click.echo(text)
        return
    try:
        Path(output).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from error
    print_line(f"wrote {output}", err=True)
