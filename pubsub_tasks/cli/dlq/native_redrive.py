"""Moves: SQS's own redrive, started, watched and cancelled. It takes no filter and waives nothing."""

import json

import click

from ...dead_letters.move_report import letters as counted
from ...errors import ConfigurationError
from ...redrive.dead_letter_queue import find
from ...redrive.native_move import move
from ...wire.records import MoveTaskStatus
from .change_job import Job
from .environment import INCOMPLETE, INTERRUPTED, interruptible, say
from .options import Choice
from .session import progress

_FASTEST = 500
"""Messages per second. Source: SQS API reference, StartMessageMoveTask."""


def move_natively(job: Job, choice: Choice, to: str | None) -> None:
    """Let SQS move all letters to the queue at `to`, or each to where SQS took it from. Ends the command."""
    rate = _whole(job.rate)
    place = find(job.world.transport, choice.url)
    target = job.world.transport.queue(to) if to else None
    arn = target.attributes().arn if target else None
    about = place.attributes.visible
    where = target.name if target else "where SQS took each from"
    what = f"all of about {counted(about)} from {place.queue.name} to {where}, by SQS itself"
    if job.dry_run:
        would = json.dumps({"dry_run": True, "would": [{"to": to, "about": about}]})
        say(would if job.as_json else f"would redrive {what}")
        return
    if not job.yes:
        click.confirm(f"redrive {what}?", abort=True, err=True)
    with interruptible() as stop, progress("redrive", None) as bar:
        made = move(place.queue, arn, rate, stop, lambda made: bar(made.moved, made.to_move))
    _tell(job, made)


def _whole(rate: float | None) -> int | None:
    if rate is None:
        return None
    if not rate.is_integer() or not 1 <= rate <= _FASTEST:
        raise ConfigurationError(
            f"--rate {rate:g} does not go with --native: SQS takes whole numbers from 1 to {_FASTEST}"
        )
    return int(rate)


def _tell(job: Job, made: MoveTaskStatus) -> None:
    if job.as_json:
        told = {"status": made.status, "done": made.moved, "of": made.to_move, "failure": made.failure}
        say(json.dumps({"dry_run": False, **told}))
    else:
        say(f"{made.status.lower()}: SQS moved {made.moved:,} of about {counted(made.to_move)}")
    if made.failure and not job.as_json:
        say(
            f"{made.failure}: SQS moves what it put here itself; for all else leave out --native, or say --to"
        )
    if made.status != "COMPLETED":
        raise click.exceptions.Exit(INTERRUPTED if made.status.startswith("CANCEL") else INCOMPLETE)
