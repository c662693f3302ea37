"""The `pubsub-tasks peek` command: shows messages of a queue and puts them back."""

import json

import click

from ...redrive.browse import browse
from ...redrive.leased_letters import LeasedLetters
from ...transports.protocols import Queue
from ...untrusted.readable_counts import counted
from ...wire.records import QueueAttributes, Record
from ..dlq.environment import CommandEnvironment, pass_environment
from ..number_ranges import WholeRange
from ..one_line_errors import OneLineCommand
from ..output.terminal import make_console, print_line, print_note, stop_on_interrupt
from .message_view import MessageView

VISIBILITY = 30
"""Seconds that messages stay invisible if this process is killed before it puts them back."""

MAX_MESSAGES = 1_000
"""Messages that one look may hold."""


@click.command(name="peek", cls=OneLineCommand)
@click.option(
    "--queue-url", "-q", "--sqs-queue-url", "url", metavar="URL", required=True, help="The queue to look at."
)
@click.option(
    "--limit",
    type=WholeRange(1, MAX_MESSAGES),
    default=10,
    show_default=True,
    metavar="N",
    help="Show no more than N messages.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
@pass_environment
def command(environment: CommandEnvironment, /, url: str, limit: int, as_json: bool) -> None:
    """Show messages of a queue, decoded, and put them back at once.

    \b
    pubsub-tasks peek --queue-url https://sqs.eu-west-1.amazonaws.com/1234/orders

    Each look counts as one receive of the messages that it shows, and delays them for the moment that it
    takes. On a FIFO queue it holds up their message groups meanwhile.
    """
    queue = environment.transport.queue(url)
    attributes = queue.attributes()
    records = _look(environment, queue, limit)
    views, now = [MessageView.of(record) for record in records], environment.clock()
    if as_json:
        print_line(json.dumps([view.as_json(now) for view in views]))
        return
    console = make_console()
    for view in views:
        view.print(now, console)
    _note_last_receives(records, attributes)
    print_line(f"{counted(len(views), 'message')} of about {attributes.visible:,} visible in {queue.name}")


def _look(environment: CommandEnvironment, queue: Queue, limit: int) -> list[Record]:
    """Receive up to `limit` messages, and make them visible again whatever happens."""
    leased = LeasedLetters(queue, environment.clock, VISIBILITY)
    try:
        # Renewing ends first: it would extend the lease of a message just released.
        with leased.renewing(), stop_on_interrupt() as stop:
            return [letter.record for letter in browse(leased, limit, stop).letters]
    finally:
        if late := leased.release():
            print_note(
                f"{counted(late, 'message')} could not be put back; visible again within {VISIBILITY} seconds"
            )


def _note_last_receives(records: list[Record], attributes: QueueAttributes) -> None:
    limit = attributes.max_receive_count
    spent = sum(1 for record in records if limit is not None and record.receive_count >= limit)
    if spent:
        print_note(
            f"{counted(spent, 'message')} used the last of {counted(limit or 0, 'receive')}: SQS moves what "
            "is received again to the dead-letter queue"
        )
