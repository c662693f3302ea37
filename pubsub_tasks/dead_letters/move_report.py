"""What a move did with each letter, for people and as JSON for programs. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..untrusted.readable_counts import counted

_MAX_NAMED = 5
"""Letters named in a line for people; `--json` names them all."""


@dataclass(frozen=True, slots=True)
class MoveProblem:
    """A letter that could not be moved, and why."""

    id: str
    why: str


@dataclass(slots=True)
class MoveReport:
    """The result of a move, filled while it runs. Each letter is in exactly one list.

    Attributes:
        done: sent and deleted, as far as each was asked for.
        kept: unchanged, still in the queue.
        doubled: sent, or perhaps sent, and perhaps still in the queue.
        lost: not processed, since their lease expired first.
        left: not started.
        halted: why the move ended early; empty if it did not.
    """

    done: list[str] = field(default_factory=list)
    kept: list[MoveProblem] = field(default_factory=list)
    doubled: list[MoveProblem] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    halted: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything was done."""
        return not (self.kept or self.doubled or self.lost or self.left or self.halted)

    @property
    def settled(self) -> int:
        """How many letters have a result."""
        return len(self.done) + len(self.kept) + len(self.doubled) + len(self.lost)

    def add(self, other: "MoveReport") -> None:
        """Add the report of another round."""
        self.done += other.done
        self.kept += other.kept
        self.doubled += other.doubled
        self.lost += other.lost
        self.left += other.left
        self.halted = self.halted or other.halted

    def lines(self, verb: str) -> Iterator[str]:
        """Lines for people. `verb` is in the past tense, as in "redrove 3 letters"."""
        if self.halted:
            yield f"stopped early: {self.halted}"
        yield f"{verb} {count_letters(len(self.done))}"
        if self.kept:
            yield f"{count_letters(len(self.kept))} not moved, still in the queue: {_causes(self.kept)}"
        if self.doubled:
            yield f"{count_letters(len(self.doubled))} may now exist twice: {_causes(self.doubled)}"
        if self.lost:
            yield f"{count_letters(len(self.lost))} not processed, lease expired: {_named(self.lost)}"
        if self.left:
            yield f"{count_letters(len(self.left))} not started: {_named(self.left)}"


def count_letters(count: int) -> str:
    """Such as "1 letter" or "1,234 letters"."""
    return counted(count, "letter")


def _causes(problems: Sequence[MoveProblem]) -> str:
    causes: dict[str, list[str]] = {}
    for problem in problems:
        causes.setdefault(problem.why, []).append(problem.id)
    return "; ".join(f"{why} ({_named(ids)})" for why, ids in causes.items())


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _MAX_NAMED:,} more" if len(ids) > _MAX_NAMED else ""
    return ", ".join(ids[:_MAX_NAMED]) + more
