"""Serves an app as the flags of a command say, and exits.

The process either supervises others or handles messages itself. It imports what it does: a supervisor knows
neither the app nor the worker.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from ...environments.line_sources import is_file
from ...lifecycle import garbage
from ...lifecycle.bounded_exit import exit_within
from ...processes.stop_reasons import StopReasons
from ...processes.supervised_process import supervised
from ...telemetry.log_configuration import Logging

if TYPE_CHECKING:
    from ..find_app import App

Flags = Mapping[str, Any]


def serve(context: click.Context, find: "Callable[[], App]") -> None:
    """Run the app that `find` returns with the flags of the context, then exit. Raises PubSubTasksError."""
    flags, me = context.params, supervised()
    level = "DEBUG" if flags["debug"] else flags["log_level"]
    log = Logging(flags["log_format"], level, me.share.name if me else None)
    log.begin()
    reasons = StopReasons()
    _check(flags)
    _show_prints_at_once()
    with ExitStack() as stack:
        if me is None and is_supervisor(flags):
            from .supervise import supervise

            garbage.resume()
            log.complete()
            code = supervise(flags, lambda: find().tasks, stack)
        else:
            from .worker_process import handle_messages

            garbage.resume()
            code = handle_messages(context, find(), stack, me, log, reasons)
    exit_within(code, reasons.seconds_left)


def _show_prints_at_once() -> None:
    """Write what handlers print line by line. Into a pipe, as a container's, Python writes 8 KiB at once."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def is_supervisor(flags: Flags) -> bool:
    """Whether these flags need child processes."""
    runs_several = flags["processes"] > 1 or len(flags["sqs_queue_url"]) > 1
    return bool(runs_several or flags["max_tasks"] or flags["max_memory"] or flags["reload"])


def _check(flags: Flags) -> None:
    if flags["local"] and (flags["sqs_queue_url"] or flags["stdin"] or flags["testing"]):
        raise click.UsageError(
            "--local makes its own queues: leave out --sqs-queue-url, --stdin and --testing"
        )
    if flags["dashboard"] and (not flags["local"] or is_supervisor(flags)):
        raise click.UsageError(
            "--dashboard is for --local in one process; beside other workers, run `pubsub-tasks dashboard`"
        )
    if flags["stdin"] and flags["sqs_queue_url"]:
        raise click.UsageError("give --sqs-queue-url or --stdin, not both")
    for name in ("queue", "health_host"):
        if flags[name] == "":
            raise click.UsageError(f"--{name.replace('_', '-')} is empty: give a value or leave it out")
    if flags["once"] and flags["drain"]:
        raise click.UsageError("give --once or --drain, not both")
    is_in_process = flags["stdin"] or flags["testing"] or any(map(is_file, flags["sqs_queue_url"]))
    if is_in_process and is_supervisor(flags):
        raise click.UsageError(
            "--testing, --stdin and files are handled in one process: leave out further queues, --processes, "
            "--max-tasks, --max-memory and --reload"
        )
