"""pubsub-tasks dlq: the commands together."""

import click

from .change_commands import drop, import_file, redrive
from .read_commands import export, ls, replay_one, show


@click.group()
def dlq() -> None:
    """Look at dead letters, and send them back, away or elsewhere.

    \b
    pubsub-tasks dlq ls --queue-url URL
    pubsub-tasks dlq show --queue-url URL 5f3a
    pubsub-tasks dlq redrive --queue-url URL --error TimeoutError --older-than 1h

    URL is the dead-letter queue's, or its source queue's. A LETTER is an id, or the first four characters or
    more of one. Several filters narrow the choice; several values of one widen it. While a command runs,
    nobody else receives the letters that it looked at; when it ends they are visible again.
    """


for each in (ls, show, redrive, drop, export, import_file, replay_one):
    dlq.add_command(each)
