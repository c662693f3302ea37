"""Terminal output and Ctrl-C: lines, notes, tables' console, progress bars and interrupts."""

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_WIDTH = 160
"""Columns when the output is not a terminal."""


def make_console(*, err: bool = False) -> Console:
    """A console for tables on standard output or, with `err`, on standard error."""
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else _WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def without_controls(value: object) -> str:
    """The value as text, with each control character replaced by U+FFFD.

    A message's content is untrusted and could otherwise control the terminal.
    """
    return _CONTROL.sub("\ufffd", str(value))


def print_line(text: object, *, err: bool = False) -> None:
    """Print a line to standard output or, with `err`, to standard error."""
    click.echo(without_controls(text), err=err)


def print_note(text: str) -> None:
    """Print a note to standard error, so that standard output stays readable for programs."""
    print_line(f"note: {text}", err=True)


@contextmanager
def stop_on_interrupt(note: str = "") -> Iterator[Event]:
    """While the block runs, Ctrl-C and SIGTERM set the event; a second one raises KeyboardInterrupt.

    The first prints the note, if there is one. Then the block must not print in this thread.
    """
    stop = Event()

    def request_stop(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        if note:
            print_note(note)

    before = {number: signal.signal(number, request_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class UpdateProgress(Protocol):
    """Updates a progress bar: how many are done and, if it changed, of how many."""

    def __call__(self, count: int, total: int | None = None) -> None: ...


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[UpdateProgress]:
    """A progress bar on standard error; nothing if that is not a terminal."""
    console = make_console(err=True)
    if not console.is_terminal:
        yield _no_update
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(description, total=total)

        def update(count: int, total: int | None = None) -> None:
            bar.update(task, completed=count)
            if total is not None:
                bar.update(task, total=total)

        yield update


def _no_update(count: int, total: int | None = None) -> None:
    """Takes the place of a bar when there is no terminal."""
