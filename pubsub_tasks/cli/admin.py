"""pubsub-tasks: what one does beside running workers."""

import sys

import click

from ..consuming.restarts import BAD_INPUT
from ..errors import PubSubTasksError
from . import local
from .dlq.commands import dlq


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="pubsub-tasks")
def command() -> None:
    """Tools beside pubsub-worker."""


command.add_command(local.command)


command.add_command(dlq)


def main() -> None:
    """The console script."""
    try:
        command(standalone_mode=True)
    except PubSubTasksError as error:
        click.echo(f"pubsub-tasks: {error}", err=True)
        sys.exit(BAD_INPUT)
