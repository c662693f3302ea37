"""Options that several dlq commands share, and the selection of letters that they describe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import click

from ...dead_letters.filters import FieldFilter, LetterFilter, parse_duration
from ...dead_letters.letter_view import MOVED_BY_SQS, UNKNOWN_REASON
from ...errors import ConfigurationError
from ...verdicts import Reason
from ..number_ranges import FiniteRange, WholeRange

MAX_LETTERS = 50_000
"""Letters that a command may lease at once: SQS allows 120,000 in flight, and each lease is renewed."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Selection:
    """The letters of a queue that a command is for; `limit` is how many to look at."""

    url: str
    filter: LetterFilter
    limit: int


queue_url = click.option(
    "--queue-url",
    "-q",
    "--sqs-queue-url",
    "url",
    metavar="URL",
    required=True,
    help="The dead-letter queue, or a source queue whose redrive policy names it.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
app = click.option(
    "--app", "-A", metavar="MODULE[:ATTRIBUTE]", help="The app that has the tasks, as for pubsub-worker."
)
rate = click.option(
    "--rate", type=FiniteRange(min=0, min_open=True), metavar="N", help="At most N letters per second."
)
dry_run = click.option("--dry-run", is_flag=True, help="Print what would be done, and change nothing.")
yes = click.option(
    "--yes", "-y", is_flag=True, help="Do not ask for confirmation; required without a terminal."
)

_SELECTION_OPTIONS = [
    click.argument("ids", nargs=-1, metavar="[LETTER]..."),
    queue_url,
    click.option(
        "--media-type",
        "media_types",
        multiple=True,
        metavar="TYPE",
        help="Media type; * and ? are wildcards.",
    ),
    click.option(
        "--error",
        "errors",
        multiple=True,
        metavar="TEXT",
        help="Text in the error's type or message; case is ignored.",
    ),
    click.option(
        "--reason",
        "reasons",
        multiple=True,
        type=click.Choice([*get_args(Reason), MOVED_BY_SQS, UNKNOWN_REASON]),
        metavar="REASON",
        help="Reason as shown by `ls`; maxReceiveCount means moved by SQS.",
    ),
    click.option(
        "--task",
        "tasks",
        multiple=True,
        metavar="NAME",
        help="Full task name or its last part; * and ? are wildcards.",
    ),
    click.option("--older-than", metavar="TIME", help="Dead for longer than this: 90s, 15m, 2h30m, 7d."),
    click.option(
        "--where",
        "wheres",
        multiple=True,
        metavar="FIELD=VALUE",
        help="Field of the content, such as order_id=7 or lines.0.sku=a.",
    ),
    click.option(
        "--limit",
        type=WholeRange(1, MAX_LETTERS),
        default=10_000,
        show_default=True,
        metavar="N",
        help="Look at no more than N letters.",
    ),
]


def selecting(command: Command) -> Command:
    """Decorator: adds the options that select letters. The command passes them to `selection`."""
    for decorate in reversed(_SELECTION_OPTIONS):
        command = decorate(command)
    return command


def selection(
    ids: Sequence[str],
    url: str,
    media_types: Sequence[str],
    errors: Sequence[str],
    reasons: Sequence[str],
    tasks: Sequence[str],
    older_than: str | None,
    wheres: Sequence[str],
    limit: int,
) -> Selection:
    """The selection that the options describe. Raises UsageError if a value is not valid."""
    try:
        letter_filter = LetterFilter(
            ids,
            media_types,
            errors,
            reasons,
            tasks,
            None if older_than is None else parse_duration(older_than),
            [FieldFilter.parse(where) for where in wheres],
        )
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    return Selection(url, letter_filter, limit)
