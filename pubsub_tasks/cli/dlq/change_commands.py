"""The dlq commands that change queues: redrive, drop and import. Each plans; `ChangeJob` carries out."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import click

from ...cli import find_app
from ...content.schema_registry import SchemaRegistry
from ...dead_letters.archive import from_line
from ...dead_letters.letter_view import Letter
from ...dead_letters.move_item import MoveItem
from ...dead_letters.redriven_message import import_copy
from ...errors import DecodeError
from ...redrive.dead_letter_queue import find_dead_letter_queue
from ...redrive.move_plan import Plan, PlanStep, drop_plan, redrive_plan
from ...redrive.redrive_targets import RedriveTargets
from ...transports.protocols import Queue
from ...wire.records import Record
from ..dlq import options
from .change_job import ChangeJob
from .editor import edit_letters
from .environment import CommandEnvironment, pass_environment
from .native_redrive import redrive_natively
from .session import open_session


@click.command()
@options.selecting
@click.option("--to", metavar="URL", help="Send all letters to this queue.")
@options.rate
@click.option(
    "--edit", is_flag=True, help="Edit each letter in $EDITOR first; the schemas of --app check it."
)
@options.app
@click.option(
    "--native", is_flag=True, help="Let SQS move all letters, as far as SQS itself moved them here."
)
@options.dry_run
@options.yes
@options.as_json
@pass_environment
def redrive(
    environment: CommandEnvironment,
    /,
    to: str | None,
    rate: float | None,
    edit: bool,
    app: str | None,
    native: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **selected: Any,
) -> None:
    """Send letters back to the queue they failed on, and delete them here.

    \b
    pubsub-tasks dlq redrive --queue-url URL --error TimeoutError --older-than 1h

    Letters go to the queue and not to the topic, so no other queue receives them again. Attempts start
    again at one; expiry and hop limit are waived once. A letter is deleted only after SQS has confirmed
    its copy: it may be delivered twice, but is never lost.
    """
    selection = options.selection(**selected)
    job = ChangeJob(environment, "redrive", "redrove", rate, dry_run, yes, as_json)
    job.check_can_confirm()
    if native:
        if edit or not selection.filter.matches_all:
            raise click.UsageError(
                "--native moves every letter unchanged: leave out letters, filters and --edit"
            )
        redrive_natively(job, selection, to)
        return
    schemas = find_app.load(app).schemas if edit else None
    with open_session(environment, selection) as session:
        targets = RedriveTargets(environment.transport, session.dlq, to)
        job.change_letters(session, lambda letters: _redrive_plan(environment, letters, targets, schemas))


@click.command()
@options.selecting
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Delete every letter; required with --yes if there is no filter.",
)
@options.rate
@options.dry_run
@options.yes
@options.as_json
@pass_environment
def drop(
    environment: CommandEnvironment,
    /,
    everything: bool,
    rate: float | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **selected: Any,
) -> None:
    """Delete letters permanently. To keep a copy, `export` them first.

    \b
    pubsub-tasks dlq drop --queue-url URL --reason expired --older-than 7d
    """
    selection = options.selection(**selected)
    job = ChangeJob(environment, "drop", "dropped", rate, dry_run, yes, as_json)
    job.check_can_confirm()
    if everything and not selection.filter.matches_all:
        raise click.UsageError("--all is for every letter: leave out letters and filters")
    if yes and not (everything or dry_run) and selection.filter.matches_all:
        raise click.UsageError("name letters or give a filter; to delete every letter with --yes, add --all")

    with open_session(environment, selection) as session:
        job.change_letters(session, drop_plan)


@click.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@options.queue_url
@options.rate
@options.dry_run
@options.yes
@options.as_json
@pass_environment
def import_file(
    environment: CommandEnvironment,
    /,
    file: Any,
    url: str,
    rate: float | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send exported letters to a dead-letter queue, byte for byte. FILE may be - for standard input.

    \b
    pubsub-tasks dlq import letters.jsonl --queue-url URL

    If a line is not valid, nothing is sent. Each import gives letters for a FIFO queue new deduplication
    ids, so importing a file twice duplicates its letters.
    """
    job = ChangeJob(environment, "import", "imported", rate, dry_run, yes, as_json)
    job.check_can_confirm()
    records = list(_numbered_records(file))
    queue = find_dead_letter_queue(environment.transport, url).queue
    job.send_items(PlanStep(queue, [_import_item(number, record, queue) for number, record in records]))


def _redrive_plan(
    environment: CommandEnvironment,
    letters: Sequence[Letter],
    targets: RedriveTargets,
    schemas: SchemaRegistry | None,
) -> Plan:
    """The plan for these letters or, with `schemas`, for those that the user has edited."""
    if schemas is None:
        return redrive_plan(letters, targets)
    for letter in letters:
        targets.of(letter)  # raises before the editor opens
    bodies = {letter.record.message_id: body for letter, body in edit_letters(environment, letters, schemas)}
    edited = [letter for letter in letters if letter.record.message_id in bodies]
    return redrive_plan(edited, targets, bodies)


def _numbered_records(file: Any) -> Iterator[tuple[int, Record]]:
    number = 0
    try:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield number, from_line(text)
    except (DecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(
            f"{file.name}, line {number + isinstance(error, UnicodeDecodeError)}: {error}"
        ) from error


def _import_item(number: int, record: Record, queue: Queue) -> MoveItem:
    outgoing = import_copy(record, fifo=queue.fifo, fresh_id=uuid4().hex)
    return MoveItem(f"line {number}", None, outgoing, outgoing.group_id if queue.fifo else None)
