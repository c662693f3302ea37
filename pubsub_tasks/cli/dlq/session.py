"""Session: a look at a dead-letter queue, with the letters in hand until it ends. Says what it cannot see."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, Protocol

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ...dead_letters.letter import Letter
from ...dead_letters.move_report import letters as counted
from ...redrive.browse import browse
from ...redrive.dead_letter_queue import LetterLocation, find
from ...redrive.leased_letters import LeasedLetters
from .environment import INCOMPLETE, INTERRUPTED, CommandEnvironment, interruptible, note, say, screen
from .options import Choice


@dataclass(frozen=True)
class Seen:
    """What a look found: all that was looked at, and of it what is meant."""

    all: Sequence[Letter]
    meant: Sequence[Letter]
    complete: bool
    interrupted: bool


class Session:
    """A dead-letter queue and what is in hand of it."""

    def __init__(self, world: CommandEnvironment, choice: Choice, place: LetterLocation) -> None:
        self.world, self.choice, self.place = world, choice, place
        self.hands = LeasedLetters(place.queue, world.clock)

    @property
    def fifo(self) -> bool:
        return self.place.queue.fifo

    @property
    def name(self) -> str:
        return self.place.queue.name

    @property
    def about(self) -> int:
        """How many letters there are, as SQS counts: approximately."""
        return self.place.attributes.visible

    def look(self, *, first: bool = False) -> Seen:
        """Receive what there is; with `first`, no more than it takes to find one that is meant."""
        now = self.world.clock()
        wanted = self.choice.filter
        with interruptible() as stop, progress("looking", min(self.about, self.choice.limit)) as tell:
            browsed = browse(
                self.hands,
                self.choice.limit,
                stop,
                expected=0 if self.fifo else self.about,
                enough=lambda letter: first and wanted.wants(letter, now),
                seen=tell,
            )
        meant = [letter for letter in browsed.letters if wanted.wants(letter, now)]
        return Seen(browsed.letters, meant, browsed.complete, stop.is_set())

    def look_before(self, *, first: bool = False) -> Seen:
        """The first look of a command, which exits where somebody interrupts it."""
        seen = self.look(first=first)
        if seen.interrupted:
            looked = counted(len(seen.all))
            say(f"interrupted after a look at {looked}: nothing was changed", err=True)
            raise click.exceptions.Exit(INTERRUPTED)
        return seen

    def refuse(self, seen: Seen) -> NoReturn:
        """Say that no letter matches, and exit with 1."""
        self.remark(seen)
        say(f"no such letter among the {len(seen.all):,} that can be seen in {self.name}", err=True)
        raise click.exceptions.Exit(INCOMPLETE)

    def remark(self, seen: Seen) -> None:
        """Say what was not seen."""
        if not seen.complete:
            note(f"looked at {counted(len(seen.all))} of about {self.about:,}: --limit N looks at more")
        elif self.fifo and self.about > len(seen.all):
            note(
                f"{self.name} is a FIFO queue: SQS shows only the first letters of each message group, "
                f"{len(seen.all):,} of about {self.about:,}"
            )
        if self.place.attributes.dead_letter_arn:
            note(f"{self.name} has a redrive policy of its own, and each look counts as a receive")


@contextmanager
def session(world: CommandEnvironment, choice: Choice) -> Iterator[Session]:
    """Find the queue; at the end, everything in hand is visible to others again."""
    opened = Session(world, choice, find(world.transport, choice.url))
    try:
        # What is put back must not be extended any more.
        with opened.hands.kept():
            yield opened
    finally:
        if late := opened.hands.put_back():
            note(f"{counted(late)} could not be put back at once: visible again within 3 minutes")


class Tell(Protocol):
    """Moves a bar: how many so far, and of how many where that has changed."""

    def __call__(self, count: int, total: int | None = None) -> None: ...


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Tell]:
    """A bar on a terminal, nothing elsewhere."""
    console = screen(err=True)
    if not console.is_terminal:
        yield _untold
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)

        def tell(count: int, total: int | None = None) -> None:
            bar.update(task, completed=count)
            if total is not None:
                bar.update(task, total=total)

        yield tell


def _untold(count: int, total: int | None = None) -> None:
    """There is no terminal."""
