"""`publish FILE.jsonl`: reads the file, shows progress, writes failures to another file, and reports."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import click

from ...content.content_reader import ContentReader
from ...processes.exit_codes import INCOMPLETE, INTERRUPTED
from ...untrusted.readable_counts import counted
from ..output.terminal import UpdateProgress, print_line, progress_bar, stop_on_interrupt
from .publish_lines import LineFailure, LinePublisher, LinesReport, numbered

STDIN = "-"

_SAID_EVERY = 10_000
"""Lines between two lines of progress where there is no terminal."""


class FileRun:
    """One run over a file of JSON lines; `source` may be `-` for standard input."""

    def __init__(self, source: str, first: int, failures: str | None) -> None:
        """Raises UsageError if the file for failures exists already, or cannot be made."""
        self._source, self._first = source, first
        self._failures = Path(failures or f"{_stem(source)}.failed.jsonl")
        if first == 1 and self._failures.exists():
            raise click.UsageError(
                f"{self._failures} exists: remove it, or name another file for failures with --failures"
            )
        if not os.access(self._failures.parent, os.W_OK):
            raise click.UsageError(
                f"{self._failures} cannot be written: name another file for failures with --failures"
            )

    def publish(
        self,
        reader: ContentReader,
        publish_many: Callable[[list[Any]], object],
        *,
        ordered: bool = False,
        past: str = "published",
    ) -> None:
        """Publish the lines, print the report, and exit with 1 or 130 if it is incomplete."""
        with ExitStack() as stack:
            lines = stack.enter_context(self._open())
            stop = stack.enter_context(stop_on_interrupt())
            update = stack.enter_context(progress_bar("lines", self._count()))
            publisher = LinePublisher(reader, publish_many, ordered, self._write, _said(update, past))
            report = publisher.run(numbered(lines, self._first), stop)
        self._finish(report, past)

    def _open(self) -> BinaryIO:
        if self._source == STDIN:
            return sys.stdin.buffer
        try:
            return open(self._source, "rb")
        except OSError as error:
            raise click.UsageError(f"cannot read {self._source}: {error.strerror}") from error

    def _count(self) -> int | None:
        """The number of lines; None for standard input, and where no bar is shown."""
        if self._source == STDIN or not sys.stderr.isatty():
            return None
        with open(self._source, "rb") as file:
            return sum(1 for _ in file)

    def _write(self, failures: list[LineFailure]) -> None:
        with open(self._failures, "a", encoding="utf-8") as file:
            file.writelines(f"{_as_json(each)}\n" for each in failures)

    def _finish(self, report: LinesReport, past: str) -> None:
        failed = f", {report.failed:,} failed: see {self._failures}" if report.failed else ""
        print_line(
            f"{past} {report.published:,} of {counted(report.published + report.failed, 'message')}{failed}"
        )
        if report.next_line is not None:
            print_line(
                f"stopped: {report.stopped_by}; to go on, add --from-line {report.next_line}", err=True
            )
        if report.stopped_by == "interrupted":
            raise click.exceptions.Exit(INTERRUPTED)
        if report.failed or report.stopped_by:
            raise click.exceptions.Exit(INCOMPLETE)


def _stem(source: str) -> str:
    return "stdin" if source == STDIN else source.removesuffix(".jsonl")


def _said(update: UpdateProgress, past: str) -> Callable[[int], None]:
    """Shows the number of the last line on the bar; without a terminal, prints one in ten thousand."""
    if sys.stderr.isatty():
        return update
    said = 0

    def say(number: int) -> None:
        nonlocal said
        if number // _SAID_EVERY > said:
            said = number // _SAID_EVERY
            print_line(f"{past} up to line {number:,}", err=True)

    return say


def _as_json(failure: LineFailure) -> str:
    try:
        content = json.loads(failure.text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        content = failure.text.decode("utf-8", "replace").rstrip("\r\n")
    return json.dumps({"line": failure.number, "error": failure.error, "content": content})


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON, and other programs could not read the file of failures")
