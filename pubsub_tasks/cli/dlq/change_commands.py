"""Commands that change queues: redrive, drop, import. What is planned is here; how it is done, in jobs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import click

from ...cli import apps
from ...content.schema_registry import SchemaRegistry
from ...dead_letters.archive import read
from ...dead_letters.letter import Letter
from ...dead_letters.move_item import MoveItem
from ...dead_letters.resending import imported, redriven
from ...errors import DecodeError
from ...redrive.dead_letter_queue import Targets, find
from ...transports.protocols import Queue
from ...wire.records import Record
from ..dlq import options
from .change_job import Job, MovePart, Plan, by_target
from .editor import edit_all
from .environment import CommandEnvironment, pass_world
from .native_redrive import move_natively
from .session import session


@click.command()
@options.choosing
@click.option("--to", metavar="URL", help="Send to this queue, whatever the letters tell.")
@options.rate
@click.option("--edit", is_flag=True, help="Edit each letter's content in $EDITOR first; --app checks it.")
@options.app
@click.option(
    "--native", is_flag=True, help="SQS moves all letters by itself; for what SQS itself moved here."
)
@options.dry_run
@options.yes
@options.as_json
@pass_world
def redrive(
    world: CommandEnvironment,
    /,
    to: str | None,
    rate: float | None,
    edit: bool,
    app: str | None,
    native: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Send letters back to the queue that they failed on, and delete them here.

    \b
    pubsub-tasks dlq redrive --queue-url URL --error TimeoutError --older-than 1h

    Never to the topic: no other queue gets them again. Attempts start anew; expiry and hop limit are waived
    once. A letter is deleted only when its copy is confirmed, so that it may come twice, and is never lost.
    """
    choice = options.choice(**chosen)
    job = Job(world, "redrive", "redrove", rate, dry_run, yes, as_json)
    job.may_ask()
    if native:
        if edit or not choice.filter.everything:
            raise click.UsageError(
                "--native moves every letter as it is: it goes with no filter and no --edit"
            )
        move_natively(job, choice, to)
        return
    schemas = apps.load(app).schemas if edit else None
    with session(world, choice) as opened:
        targets = Targets(world.transport, opened.place, to)
        job.on_letters(opened, lambda letters: by_target(_back(world, letters, targets, schemas)))


@click.command()
@options.choosing
@click.option(
    "--all", "everything", is_flag=True, help="Every letter. Needed with --yes where no filter is given."
)
@options.rate
@options.dry_run
@options.yes
@options.as_json
@pass_world
def drop(
    world: CommandEnvironment,
    /,
    everything: bool,
    rate: float | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Delete letters for good. `export` keeps a copy.

    \b
    pubsub-tasks dlq drop --queue-url URL --reason expired --older-than 7d
    """
    choice = options.choice(**chosen)
    job = Job(world, "drop", "dropped", rate, dry_run, yes, as_json)
    job.may_ask()
    if everything and not choice.filter.everything:
        raise click.UsageError("--all goes with no letter and no filter")
    if yes and not (everything or dry_run) and choice.filter.everything:
        raise click.UsageError("name letters or give a filter; --yes deletes every letter only with --all")

    def plan(letters: Sequence[Letter]) -> Plan:
        return [MovePart(None, [MoveItem(letter.id, letter.record) for letter in letters])]

    with session(world, choice) as opened:
        job.on_letters(opened, plan)


@click.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@options.queue_url
@options.rate
@options.dry_run
@options.yes
@options.as_json
@pass_world
def import_file(
    world: CommandEnvironment,
    /,
    file: Any,
    url: str,
    rate: float | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send letters of an `export` to a dead-letter queue, byte for byte. FILE may be - for standard input.

    \b
    pubsub-tasks dlq import letters.jsonl --queue-url URL

    Nothing is sent where one line is wrong. A FIFO queue gets fresh deduplication ids: an import made twice
    is there twice.
    """
    job = Job(world, "import", "imported", rate, dry_run, yes, as_json)
    job.may_ask()
    records = list(_records(file))
    queue = find(world.transport, url).queue
    job.on_items(MovePart(queue, [_line(number, record, queue) for number, record in records]))


def _back(
    world: CommandEnvironment, letters: Sequence[Letter], targets: Targets, schemas: SchemaRegistry | None
) -> Iterator[tuple[Queue, MoveItem]]:
    """What is sent for each letter, and where to."""
    known = [(letter, *targets.of(letter)) for letter in letters]
    if schemas:
        edits = edit_all(world, letters, schemas)
        bodies = {letter.record.message_id: body for letter, body in edits}
        known = [each for each in known if each[0].record.message_id in bodies]
    else:
        bodies = {}
    for letter, queue, attributes in known:
        record = replace(letter.record, body=bodies.get(letter.record.message_id, letter.record.body))
        outgoing = redriven(record, fifo=queue.fifo, size_limit=attributes.max_message_size)
        yield queue, MoveItem(letter.id, letter.record, outgoing, outgoing.group_id if queue.fifo else None)


def _records(file: Any) -> Iterator[tuple[int, Record]]:
    number = 0
    try:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield number, read(text)
    except (DecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(
            f"{file.name}, line {number + isinstance(error, UnicodeDecodeError)}: {error}"
        ) from error


def _line(number: int, record: Record, queue: Queue) -> MoveItem:
    outgoing = imported(record, fifo=queue.fifo, fresh_id=uuid4().hex)
    return MoveItem(f"line {number}", None, outgoing, outgoing.group_id if queue.fifo else None)
