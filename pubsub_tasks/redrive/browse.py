"""Browsing: looking at letters without taking them away. Bounded; all stays in hand until put back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..dead_letters.letter import Letter
from ..wire.records import MAX_BATCH
from .leased_letters import LeasedLetters

_WAIT = 1
"""Seconds. A poll that waits asks all of SQS's servers, a short one only some of them."""


class Stop(Protocol):
    """Somebody's wish to end early, as `threading.Event` tells it."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds, or until it is set; True when it is."""
        ...


@dataclass(frozen=True, slots=True)
class Browse:
    """What was looked at; `complete` where there was nothing more to see."""

    letters: list[Letter]
    complete: bool


def browse(
    hands: LeasedLetters,
    limit: int,
    stop: Stop,
    *,
    expected: int = 0,
    enough: Callable[[Letter], bool] = lambda letter: False,
    seen: Callable[[int], None] = lambda count: None,
) -> Browse:
    """Receive up to `limit` letters, or until one is `enough`, and keep them in hand.

    Where fewer than `expected` came, an empty answer is asked for once more: SQS's counts and answers are
    approximate. `seen` is told how many there are so far. Raises ReceiveFailed.
    """
    letters: list[Letter] = []
    empty = 0
    while len(letters) < limit and not stop.is_set():
        records = hands.take(min(MAX_BATCH, limit - len(letters)), _WAIT)
        fresh = [Letter.of(record) for record in records]
        letters += fresh
        seen(len(letters))
        if any(map(enough, fresh)):
            break
        empty = 0 if records else empty + 1
        if empty > (len(letters) < expected):
            return Browse(letters, complete=True)
    return Browse(letters, complete=False)
