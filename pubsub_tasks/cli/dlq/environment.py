"""What the commands run in: a transport, a clock, a terminal or none, and a Ctrl-C handler."""

import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from types import FrameType

import click
from rich.console import Console

from ...transports.aws.transport import AwsTransport
from ...transports.protocols import Transport

INCOMPLETE = 1
"""Exit code where not all that was wanted was done."""

INTERRUPTED = 130
"""Exit code after Ctrl-C. Source: the shells, 128 and the number of the signal."""

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_WIDE = 160
"""Columns where no terminal says how many there are."""


@dataclass(frozen=True)
class CommandEnvironment:
    """Everything that a test may replace."""

    transport: Transport = field(default_factory=AwsTransport)
    clock: Callable[[], float] = time.time
    pace: Callable[[], float] = time.monotonic
    can_ask: Callable[[], bool] = lambda: sys.stdin.isatty()


pass_world = click.make_pass_decorator(CommandEnvironment, ensure=True)


def screen(*, err: bool = False) -> Console:
    """Where tables go: as wide as the terminal, and wide enough where there is none."""
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else _WIDE
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def plain(value: object) -> str:
    """Text without what a terminal would obey: what letters tell is from anybody."""
    return _CONTROL.sub("\ufffd", str(value))


def say(text: object, *, err: bool = False) -> None:
    """To people or, as JSON, to machines."""
    click.echo(plain(text), err=err)


def note(text: str) -> None:
    """A remark to people, apart from what a command prints for machines."""
    say(f"note: {text}", err=True)


@contextmanager
def interruptible() -> Iterator[Event]:
    """While the block runs, Ctrl-C and SIGTERM set the event; a second one interrupts as usual."""
    stop = Event()

    def wish(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, wish) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
