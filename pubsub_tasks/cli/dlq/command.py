"""The `pubsub-tasks dlq` command group."""

import click

from ..one_line_errors import OneLineGroup
from .change_commands import drop, import_file, redrive
from .read_commands import export, ls, replay, show


@click.group(cls=OneLineGroup)
def dlq() -> None:
    """Inspect, redrive, drop, export and import dead letters.

    \b
    pubsub-tasks dlq ls --queue-url URL
    pubsub-tasks dlq show --queue-url URL 5f3a
    pubsub-tasks dlq redrive --queue-url URL --error TimeoutError --older-than 1h

    URL is that of the dead-letter queue or of its source queue. LETTER is a message id, or at least its
    first four characters. Different filters must all match; of several values for one filter, any may match.
    While a command runs, the letters that it received are invisible to other consumers; then they are
    visible again.
    """


for each in (ls, show, redrive, drop, export, import_file, replay):
    dlq.add_command(each)
