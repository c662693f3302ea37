"""`redrive --native`: SQS's own redrive, started, watched and cancelled. It moves all letters as they are."""

import json

import click

from ...dead_letters.move_report import count_letters
from ...errors import ConfigurationError
from ...processes.exit_codes import INCOMPLETE, INTERRUPTED
from ...redrive.dead_letter_queue import find_dead_letter_queue
from ...redrive.native_move import move
from ...wire.records import MoveTaskStatus
from ..output.terminal import print_line, progress_bar, stop_on_interrupt
from .change_job import ChangeJob
from .options import Selection

_MAX_RATE = 500
"""Messages per second. Source: SQS API reference, StartMessageMoveTask."""


def redrive_natively(job: ChangeJob, selection: Selection, to: str | None) -> None:
    """Let SQS move all letters to the queue at `to`, or each to the queue it came from; then exit."""
    rate = _whole_number(job.rate)
    transport = job.environment.transport
    dlq = find_dead_letter_queue(transport, selection.url)
    target = transport.queue(to) if to else None
    target_arn = target.attributes().arn if target else None
    count = dlq.attributes.visible
    where = target.name if target else "the queues that SQS moved them from"
    what = f"all of about {count_letters(count)} from {dlq.queue.name} to {where}, natively by SQS"
    if job.dry_run:
        would = json.dumps({"dry_run": True, "would": [{"to": to, "about": count}]})
        print_line(would if job.as_json else f"would redrive {what}")
        return
    if not job.yes:
        click.confirm(f"redrive {what}?", abort=True, err=True)
    with stop_on_interrupt() as stop, progress_bar("redrive", None) as update:
        status = move(dlq.queue, target_arn, rate, stop, lambda status: update(status.moved, status.to_move))
    _finish(job, status)


def _whole_number(rate: float | None) -> int | None:
    if rate is None:
        return None
    if not rate.is_integer() or not 1 <= rate <= _MAX_RATE:
        raise ConfigurationError(
            f"--rate {rate:g} does not work with --native: SQS takes a whole number from 1 to {_MAX_RATE}"
        )
    return int(rate)


def _finish(job: ChangeJob, status: MoveTaskStatus) -> None:
    """Print how far the move came; exit with 1 or 130 if it is incomplete."""
    if job.as_json:
        report = {
            "status": status.status,
            "done": status.moved,
            "of": status.to_move,
            "failure": status.failure,
        }
        print_line(json.dumps({"dry_run": False, **report}))
    else:
        print_line(
            f"{status.status.lower()}: SQS moved {status.moved:,} of about {count_letters(status.to_move)}"
        )
    if status.failure and not job.as_json:
        print_line(
            f"{status.failure}: SQS can move only letters that it put here itself; for others leave out "
            "--native or name a queue with --to"
        )
    if status.status != "COMPLETED":
        raise click.exceptions.Exit(INTERRUPTED if status.status.startswith("CANCEL") else INCOMPLETE)
