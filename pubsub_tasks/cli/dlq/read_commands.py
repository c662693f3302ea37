"""The dlq commands that leave the queue unchanged: ls, show, export and replay."""

import json
import traceback
from typing import Any

import click

from ...cli import find_app
from ...dead_letters.archive import to_line
from ...dead_letters.letter_view import Letter
from ...dead_letters.move_report import count_letters
from ...dead_letters.summary import summarize
from ...dispatching.dispatcher import Dispatcher
from ...processes.exit_codes import INCOMPLETE
from ...processes.served_queue import choose_queue
from ...redrive.replay import Replay, replay_letter
from ...telemetry.log_observer import describe
from ...untrusted.printable import LONGEST_ID, printable
from ...verdicts import Ack, Release
from ..dlq import options, tables
from ..output.terminal import make_console, print_line
from .environment import CommandEnvironment, pass_environment
from .session import ReceivedLetters, Session, open_session


@click.command()
@options.selecting
@click.option("--each", is_flag=True, help="Print one line for each letter instead of counts.")
@options.as_json
@pass_environment
def ls(environment: CommandEnvironment, /, each: bool, as_json: bool, **selected: Any) -> None:
    """Count letters by reason, error, media type, task and age.

    \b
    pubsub-tasks dlq ls --queue-url URL --older-than 1d
    """
    with open_session(environment, options.selection(**selected)) as session:
        received = session.receive_or_exit()
    now = environment.clock()
    if as_json:
        print_line(json.dumps(_ls_json(session, received, each, now)))
        return
    session.note_unseen(received)
    letters = received.matching
    if letters:
        table = tables.letters_table(letters, now) if each else tables.kinds_table(letters, now)
        make_console().print(table)
    of = "" if len(letters) == len(received.all) else f" of {len(received.all):,}"
    print_line(f"{count_letters(len(letters))}{of} in {session.queue_name}")


@click.command()
@options.selecting
@options.as_json
@pass_environment
def show(environment: CommandEnvironment, /, as_json: bool, **selected: Any) -> None:
    """Show one letter: the named one, or the first that matches.

    \b
    pubsub-tasks dlq show --queue-url URL 5f3a
    """
    letter = _first_match(environment, options.selection(**selected))
    if as_json:
        print_line(json.dumps(tables.as_json(letter, environment.clock())))
    else:
        tables.print_letter(letter, environment.clock(), make_console())


@click.command()
@options.selecting
@click.option(
    "--output",
    "-o",
    type=click.File("w", encoding="ascii"),
    default="-",
    help="File to write; standard output by default.",
)
@pass_environment
def export(environment: CommandEnvironment, /, output: Any, **selected: Any) -> None:
    """Write letters as lines of JSON that `import` can read. They stay in the queue.

    \b
    pubsub-tasks dlq export --queue-url URL --output letters.jsonl
    """
    with open_session(environment, options.selection(**selected)) as session:
        received = session.receive_or_exit()
        if not (received.matching or session.selection.filter.matches_all):
            session.exit_without_match(received)
        for letter in received.matching:
            output.write(to_line(letter.record) + "\n")
        output.flush()
        session.note_unseen(received)
    print_line(f"exported {count_letters(len(received.matching))}", err=True)


@click.command("replay")
@options.selecting
@options.app
@click.option(
    "--queue",
    metavar="NAME",
    help="Use the tasks declared with this queue=; the source queue's name by default.",
)
@pass_environment
def replay(environment: CommandEnvironment, /, app: str | None, queue: str | None, **selected: Any) -> None:
    """Run the app's handler on one letter, which stays in the queue. The handler's effects are real.

    \b
    pubsub-tasks dlq replay --queue-url URL --app shop.tasks 5f3a

    The handler runs as on a first attempt, but without a time limit. The exit code is 0 if the message would
    be acknowledged, otherwise 1.
    """
    tasks, urls = find_app.load_served(app)
    letter = _first_match(environment, options.selection(**selected))
    name = choose_queue(tasks, _source_queue_name(letter), queue, urls)
    result = replay_letter(Dispatcher(tasks, name), letter, environment.clock)
    _print_result(letter, result)
    if not isinstance(result.verdict, Ack):
        raise click.exceptions.Exit(INCOMPLETE)


def _ls_json(session: Session, received: ReceivedLetters, each: bool, now: float) -> dict[str, Any]:
    found = {
        "queue": session.dlq.queue.url,
        "about": session.approximate_count,
        "looked_at": len(received.all),
        "complete": received.complete,
        "count": len(received.matching),
    }
    if each:
        return {**found, "letters": [tables.as_json(letter, now) for letter in received.matching]}
    summary = summarize(received.matching, now)
    rows = [
        {
            "count": row.count,
            "reason": row.kind.reason,
            "error": row.kind.error_type,
            "media_type": row.kind.media_type,
            "task": row.kind.task,
            "youngest": round(row.youngest, 3),
            "oldest": round(row.oldest, 3),
            "example": row.example,
        }
        for row in summary.rows
    ]
    return {**found, "counts": summary.counts, "kinds": rows}


def _first_match(environment: CommandEnvironment, selection: options.Selection) -> Letter:
    """The first letter that matches; it is visible to others again when this returns."""
    with open_session(environment, selection) as session:
        received = session.receive_or_exit(until_match=True)
    if not received.matching:
        session.exit_without_match(received)
    return received.matching[0]


def _source_queue_name(letter: Letter) -> str:
    queue = letter.failure.queue if letter.failure else letter.record.source_arn or ""
    return queue.rstrip("/").replace(":", "/").rpartition("/")[2]


def _print_result(letter: Letter, result: Replay) -> None:
    print_line(
        f"{result.task or 'no task'} on {printable(letter.id, LONGEST_ID)}: {describe(result.verdict)}"
    )
    error = None if isinstance(result.verdict, (Ack, Release)) else result.verdict.error
    if error is not None and result.task is None:
        print_line(error)
    elif error is not None:
        print_line("".join(traceback.format_exception(error)).rstrip())
