"""The `pubsub-tasks schema` command group."""

import click

from ..one_line_errors import OneLineGroup
from .diff_schemas import diff
from .export_schemas import export


@click.group(cls=OneLineGroup)
def schema() -> None:
    """Export an app's schemas for other programs, and compare two versions of them.

    \b
    pubsub-tasks schema export --app shop.tasks --output asyncapi.json
    pubsub-tasks schema diff asyncapi.json --app shop.tasks
    """


for each in (export, diff):
    schema.add_command(each)
