"""A session with a dead-letter queue: the letters that a command received stay leased until it ends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import click

from ...dead_letters.letter_view import Letter
from ...dead_letters.move_report import count_letters
from ...processes.exit_codes import INCOMPLETE, INTERRUPTED
from ...redrive.browse import browse
from ...redrive.dead_letter_queue import DeadLetterQueue, find_dead_letter_queue
from ...redrive.leased_letters import LeasedLetters
from ..output.terminal import print_line, print_note, progress_bar, stop_on_interrupt
from .environment import CommandEnvironment
from .options import Selection


@dataclass(frozen=True)
class ReceivedLetters:
    """The letters that one look received.

    Attributes:
        all: every letter received.
        matching: those that the selection's filter matches.
        complete: whether nothing was left to receive.
        interrupted: whether Ctrl-C ended the look.
    """

    all: Sequence[Letter]
    matching: Sequence[Letter]
    complete: bool
    interrupted: bool


class Session:
    """A dead-letter queue, the letters selected by the command line, and those leased so far."""

    def __init__(self, environment: CommandEnvironment, selection: Selection, dlq: DeadLetterQueue) -> None:
        self.environment, self.selection, self.dlq = environment, selection, dlq
        self.leased = LeasedLetters(dlq.queue, environment.clock)

    @property
    def is_fifo(self) -> bool:
        return self.dlq.queue.fifo

    @property
    def queue_name(self) -> str:
        return self.dlq.queue.name

    @property
    def approximate_count(self) -> int:
        """How many letters the queue has. SQS counts approximately."""
        return self.dlq.attributes.visible

    def receive(self, *, until_match: bool = False) -> ReceivedLetters:
        """Receive and lease up to `--limit` letters; with `until_match`, stop at the first that matches."""
        now = self.environment.clock()
        wanted, limit = self.selection.filter, self.selection.limit
        with (
            stop_on_interrupt() as stop,
            progress_bar("receiving", min(self.approximate_count, limit)) as update,
        ):
            browsed = browse(
                self.leased,
                limit,
                stop,
                expected=0 if self.is_fifo else self.approximate_count,
                is_enough=lambda letter: until_match and wanted.matches(letter, now),
                on_progress=update,
            )
        matching = [letter for letter in browsed.letters if wanted.matches(letter, now)]
        return ReceivedLetters(browsed.letters, matching, browsed.complete, stop.is_set())

    def receive_or_exit(self, *, until_match: bool = False) -> ReceivedLetters:
        """As `receive`, but exit with 130 on Ctrl-C: nothing has been changed yet."""
        received = self.receive(until_match=until_match)
        if received.interrupted:
            looked_at = count_letters(len(received.all))
            print_line(f"interrupted after looking at {looked_at}; nothing was changed", err=True)
            raise click.exceptions.Exit(INTERRUPTED)
        return received

    def exit_without_match(self, received: ReceivedLetters) -> NoReturn:
        """Report that no letter matches, and exit with 1."""
        self.note_unseen(received)
        advice = "; `pubsub-tasks dlq ls --each` lists them" if received.all else ""
        print_line(
            f"no match among the {count_letters(len(received.all))} visible in {self.queue_name}{advice}",
            err=True,
        )
        raise click.exceptions.Exit(INCOMPLETE)

    def note_unseen(self, received: ReceivedLetters) -> None:
        """Print which letters the command could not see, and why."""
        count = len(received.all)
        if not received.complete:
            print_note(
                f"looked at {count_letters(count)} of about {self.approximate_count:,}; "
                "to look at more, raise --limit"
            )
        elif self.is_fifo and self.approximate_count > count:
            print_note(
                f"{self.queue_name} is a FIFO queue: SQS shows only the first letters of each message group, "
                f"{count:,} of about {self.approximate_count:,}"
            )
        if self.dlq.attributes.dead_letter_arn:
            print_note(
                f"{self.queue_name} has a redrive policy of its own, and each look counts as a receive"
            )


@contextmanager
def open_session(environment: CommandEnvironment, selection: Selection) -> Iterator[Session]:
    """Find the queue, and keep received letters leased in the block; then make them visible again."""
    session = Session(environment, selection, find_dead_letter_queue(environment.transport, selection.url))
    try:
        # Renewing ends first: it would extend the lease of a letter just released.
        with session.leased.renewing():
            yield session
    finally:
        if late := session.leased.release():
            print_note(f"{count_letters(late)} could not be released; visible again within 3 minutes")
