"""Options: how the commands are told which letters are meant, and what may be done. Words in, values out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import click

from ...dead_letters.filters import Filter, Where, duration
from ...dead_letters.letter import MOVED_BY_SQS, UNTOLD
from ...errors import ConfigurationError
from ...verdicts import Reason
from ..finite_range import FiniteRange

MOST = 50_000
"""Letters that can be in hand at once: SQS allows 120,000, and each lease is to be kept."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Choice:
    """Which letters of which queue, and how many to look at."""

    url: str
    filter: Filter
    limit: int


queue_url = click.option(
    "--queue-url",
    "-q",
    "--sqs-queue-url",
    "url",
    metavar="URL",
    required=True,
    help="The dead-letter queue, or the queue whose redrive policy names it.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="For machines: JSON on standard output.")
app = click.option(
    "--app", "-A", metavar="MODULE[:ATTRIBUTE]", help="Where the tasks are, as for pubsub-worker."
)
rate = click.option(
    "--rate", type=FiniteRange(min=0, min_open=True), metavar="N", help="Letters per second, at most."
)
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
yes = click.option(
    "--yes", "-y", is_flag=True, help="Do not ask. Needed where there is no terminal to ask on."
)

_CHOOSING = [
    click.argument("ids", nargs=-1, metavar="[LETTER]..."),
    queue_url,
    click.option("--media-type", "media_types", multiple=True, metavar="TYPE", help="With * and ?."),
    click.option(
        "--error",
        "errors",
        multiple=True,
        metavar="TEXT",
        help="Part of the error's type or text, in any case.",
    ),
    click.option(
        "--reason",
        "reasons",
        multiple=True,
        type=click.Choice([*get_args(Reason), MOVED_BY_SQS, UNTOLD]),
        metavar="REASON",
        help="As `ls` tells it; maxReceiveCount for what SQS moved.",
    ),
    click.option(
        "--task", "tasks", multiple=True, metavar="NAME", help="In full or its last part, with * and ?."
    ),
    click.option("--older-than", metavar="TIME", help="Given up so long ago: 90s, 15m, 2h30m, 7d."),
    click.option(
        "--where",
        "wheres",
        multiple=True,
        metavar="FIELD=VALUE",
        help="Of the content: order_id=7, lines.0.sku=a.",
    ),
    click.option(
        "--limit",
        type=click.IntRange(1, MOST),
        default=10_000,
        show_default=True,
        metavar="N",
        help="Letters to look at.",
    ),
]


def choosing(command: Command) -> Command:
    """Give a command all that chooses letters; it takes them as keywords, for `choice`."""
    for decorate in reversed(_CHOOSING):
        command = decorate(command)
    return command


def choice(
    ids: Sequence[str],
    url: str,
    media_types: Sequence[str],
    errors: Sequence[str],
    reasons: Sequence[str],
    tasks: Sequence[str],
    older_than: str | None,
    wheres: Sequence[str],
    limit: int,
) -> Choice:
    """What was said. Raises UsageError for what is not understood."""
    try:
        wanted = Filter(
            ids,
            media_types,
            errors,
            reasons,
            tasks,
            None if older_than is None else duration(older_than),
            [Where.parse(said) for said in wheres],
        )
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    return Choice(url, wanted, limit)
