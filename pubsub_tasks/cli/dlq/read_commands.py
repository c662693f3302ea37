"""Commands that look at letters and change nothing: ls, show, export, replay."""

import json
import traceback
from typing import Any

import click

from ...cli import apps
from ...dead_letters.archive import line
from ...dead_letters.letter import Letter
from ...dead_letters.move_report import letters as counted
from ...dead_letters.summary import summarize
from ...dispatching.dispatcher import Dispatcher
from ...processes.service import choose_queue
from ...redrive.replay import Replay, replay
from ...telemetry.log_observer import describe
from ...untrusted.printable import LONGEST_ID, printable
from ...verdicts import Ack, Release
from ..dlq import options, tables
from .environment import INCOMPLETE, CommandEnvironment, pass_world, say, screen
from .session import Seen, Session, session


@click.command()
@options.choosing
@click.option("--each", is_flag=True, help="One line for each letter, instead of counts.")
@options.as_json
@pass_world
def ls(world: CommandEnvironment, /, each: bool, as_json: bool, **chosen: Any) -> None:
    """Count letters by reason, error, media type, task and age.

    \b
    pubsub-tasks dlq ls --queue-url URL --older-than 1d
    """
    with session(world, options.choice(**chosen)) as opened:
        seen = opened.look_before()
    now = world.clock()
    if as_json:
        say(json.dumps(_listed(opened, seen, each, now)))
        return
    opened.remark(seen)
    if seen.meant:
        screen().print(tables.each(seen.meant, now) if each else tables.kinds(seen.meant, now))
    of = "" if len(seen.meant) == len(seen.all) else f" of {len(seen.all):,}"
    say(f"{counted(len(seen.meant))}{of} in {opened.name}")


@click.command()
@options.choosing
@options.as_json
@pass_world
def show(world: CommandEnvironment, /, as_json: bool, **chosen: Any) -> None:
    """Show one letter: the one named, else the first that matches.

    \b
    pubsub-tasks dlq show --queue-url URL 5f3a
    """
    letter = _one(world, options.choice(**chosen))
    if as_json:
        say(json.dumps(tables.as_json(letter, world.clock())))
    else:
        tables.show(letter, world.clock(), screen())


@click.command()
@options.choosing
@click.option(
    "--output",
    "-o",
    type=click.File("w", encoding="ascii"),
    default="-",
    help="A file; else standard output.",
)
@pass_world
def export(world: CommandEnvironment, /, output: Any, **chosen: Any) -> None:
    """Write letters as lines of JSON, byte for byte, for `import`. They stay in the queue.

    \b
    pubsub-tasks dlq export --queue-url URL --output letters.jsonl
    """
    with session(world, options.choice(**chosen)) as opened:
        seen = opened.look_before()
        if not (seen.meant or opened.choice.filter.everything):
            opened.refuse(seen)
        for letter in seen.meant:
            output.write(line(letter.record) + "\n")
        output.flush()
        opened.remark(seen)
    say(f"exported {counted(len(seen.meant))}", err=True)


@click.command("replay")
@options.choosing
@options.app
@click.option(
    "--queue", metavar="NAME", help="Use the tasks of this queue=; else the source queue's name tells."
)
@pass_world
def replay_one(world: CommandEnvironment, /, app: str | None, queue: str | None, **chosen: Any) -> None:
    """Run the local handler on one letter. The letter stays where it is; what the handler does is real.

    \b
    pubsub-tasks dlq replay --queue-url URL --app shop.tasks 5f3a

    It runs as on a first attempt, without a time limit. Exits with 0 where the message would be
    acknowledged, else with 1.
    """
    tasks, urls = apps.served(app)
    letter = _one(world, options.choice(**chosen))
    name = choose_queue(tasks, _source_name(letter), queue, urls)
    done = replay(Dispatcher(tasks, name), letter, world.clock)
    _tell(letter, done)
    if not isinstance(done.verdict, Ack):
        raise click.exceptions.Exit(INCOMPLETE)


def _listed(opened: Session, seen: Seen, each: bool, now: float) -> dict[str, Any]:
    told = {
        "queue": opened.place.queue.url,
        "about": opened.about,
        "looked_at": len(seen.all),
        "complete": seen.complete,
        "count": len(seen.meant),
    }
    if each:
        return {**told, "letters": [tables.as_json(letter, now) for letter in seen.meant]}
    summary = summarize(seen.meant, now)
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
    return {**told, "counts": summary.counts, "kinds": rows}


def _one(world: CommandEnvironment, choice: options.Choice) -> Letter:
    """The first letter that is meant; it is visible to others again when this returns."""
    with session(world, choice) as opened:
        seen = opened.look_before(first=True)
    if not seen.meant:
        opened.refuse(seen)
    return seen.meant[0]


def _source_name(letter: Letter) -> str:
    told = letter.failure.queue if letter.failure else letter.record.source_arn or ""
    return told.rstrip("/").replace(":", "/").rpartition("/")[2]


def _tell(letter: Letter, done: Replay) -> None:
    say(f"{done.task or 'no task'} on {printable(letter.id, LONGEST_ID)}: {describe(done.verdict)}")
    error = None if isinstance(done.verdict, (Ack, Release)) else done.verdict.error
    if error is not None and done.task is None:
        say(error)
    elif error is not None:
        say("".join(traceback.format_exception(error)).rstrip())
