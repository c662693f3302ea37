"""The `pubsub-tasks` command. To add a command, write its module in `cli/` and add it to the loop below."""

import click

from ..cli import local, manual
from .dlq.command import dlq
from .one_line_errors import OneLineGroup


@click.group(
    cls=OneLineGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="pubsub-tasks")
def command() -> None:
    """Run local SNS and SQS, manage dead letters, and read the manual.

    \b
    pubsub-tasks dlq ls --queue-url URL
    pubsub-tasks manual worker
    """


for each in (local.command, dlq, manual.command):
    command.add_command(each)


def main() -> None:
    """The console script."""
    command()
