"""Receives letters up to a limit and keeps them leased."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..dead_letters.letter_view import Letter
from ..wire.records import MAX_BATCH
from .leased_letters import LeasedLetters

_WAIT = 1
"""Seconds. Long polling asks all SQS servers, short polling only some. Source: SQS developer guide."""


class Stop(Protocol):
    """A request to end early, as `threading.Event`."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; returns whether it is set."""
        ...


@dataclass(frozen=True, slots=True)
class BrowsedLetters:
    """The letters received; `complete` if nothing was left to receive."""

    letters: list[Letter]
    complete: bool


def browse(
    leased: LeasedLetters,
    limit: int,
    stop: Stop,
    *,
    expected: int = 0,
    is_enough: Callable[[Letter], bool] = lambda letter: False,
    on_progress: Callable[[int], None] = lambda count: None,
) -> BrowsedLetters:
    """Receive up to `limit` letters, or until `is_enough` is true for one, and keep them leased.

    If fewer than `expected` letters came, an empty answer is followed by one more receive, since SQS counts
    and answers are approximate. `on_progress` is called with the number received so far.

    Raises ReceiveFailed.
    """
    letters: list[Letter] = []
    empty_answers = 0
    while len(letters) < limit and not stop.is_set():
        records = leased.receive(min(MAX_BATCH, limit - len(letters)), _WAIT)
        fresh = [Letter.of(record) for record in records]
        letters += fresh
        on_progress(len(letters))
        if any(map(is_enough, fresh)):
            break
        empty_answers = 0 if records else empty_answers + 1
        allowed = 1 if len(letters) < expected else 0
        if empty_answers > allowed:
            return BrowsedLetters(letters, complete=True)
    return BrowsedLetters(letters, complete=False)
