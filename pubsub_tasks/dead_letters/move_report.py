"""MoveReport: what was done about letters, and what was not. Pure; the same for people and machines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_NAMED = 5
"""Letters that are named in a line for people; machines are told all."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A letter that something went wrong with, and what."""

    id: str
    why: str


@dataclass(slots=True)
class MoveReport:
    """Grows while work goes on; each letter is in one of these.

    Attributes:
        done: sent, and deleted where it stood, as far as either was wanted.
        kept: nothing was done, and they stay where they were.
        doubled: sent, or perhaps sent, and perhaps still where they were.
        lost: their lease ran out before anything was begun.
        left: not begun.
        halted: why it ended early; empty where it did not.
    """

    done: list[str] = field(default_factory=list)
    kept: list[Trouble] = field(default_factory=list)
    doubled: list[Trouble] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    halted: str = ""

    @property
    def complete(self) -> bool:
        """True where all that was wanted was done."""
        return not (self.kept or self.doubled or self.lost or self.left or self.halted)

    @property
    def settled(self) -> int:
        """How many letters' fate is known."""
        return len(self.done) + len(self.kept) + len(self.doubled) + len(self.lost)

    def add(self, other: "MoveReport") -> None:
        """Add what another round of the same work did."""
        self.done += other.done
        self.kept += other.kept
        self.doubled += other.doubled
        self.lost += other.lost
        self.left += other.left
        self.halted = self.halted or other.halted

    def lines(self, verb: str) -> Iterator[str]:
        """For people, what was done first; `verb` is as in "redrove 3 letters"."""
        if self.halted:
            yield f"stopped early: {self.halted}"
        yield f"{verb} {letters(len(self.done))}"
        if self.kept:
            yield f"{letters(len(self.kept))} stayed as they were: {_troubles(self.kept)}"
        if self.doubled:
            yield f"{letters(len(self.doubled))} may be there twice now: {_troubles(self.doubled)}"
        if self.lost:
            yield f"{letters(len(self.lost))} slipped out of hand, and nothing was done: {_named(self.lost)}"
        if self.left:
            yield f"{letters(len(self.left))} not begun: {_named(self.left)}"


def letters(count: int) -> str:
    """How many, in words."""
    return "1 letter" if count == 1 else f"{count:,} letters"


def _troubles(troubles: Sequence[Trouble]) -> str:
    causes: dict[str, list[str]] = {}
    for trouble in troubles:
        causes.setdefault(trouble.why, []).append(trouble.id)
    return "; ".join(f"{why} ({_named(ids)})" for why, ids in causes.items())


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
