"""Counts letters by kind of failure and by each trait. No I/O; `now` is a parameter."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .letter_view import Letter

AGE_BUCKETS = ((3600.0, "under 1 h"), (86_400.0, "under 1 d"), (604_800.0, "under 7 d"))
OLDEST_BUCKET = "7 d and more"


@dataclass(frozen=True, slots=True)
class FailureKind:
    """What letters that likely failed for the same cause share. None or empty if unknown."""

    reason: str
    error_type: str
    media_type: str | None
    task: str | None

    @classmethod
    def of(cls, letter: Letter) -> "FailureKind":
        return cls(letter.reason, letter.error_type, letter.media_type, letter.task)


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """The letters of one kind.

    Attributes:
        youngest: age of the youngest in seconds.
        oldest: age of the oldest in seconds.
        example: id of the youngest.
    """

    kind: FailureKind
    count: int
    youngest: float
    oldest: float
    example: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Letters counted by kind, the most frequent first, and by each trait."""

    count: int
    rows: tuple[SummaryRow, ...]
    counts: Mapping[str, Mapping[str, int]]


def summarize(letters: Iterable[Letter], now: float) -> Summary:
    """Count letters. `now` is epoch seconds."""
    letters = list(letters)
    kinds: dict[FailureKind, list[Letter]] = {}
    for letter in letters:
        kinds.setdefault(FailureKind.of(letter), []).append(letter)
    rows = [_row(kind, members, now) for kind, members in kinds.items()]
    rows.sort(key=lambda row: (-row.count, row.youngest))
    return Summary(len(letters), tuple(rows), _counts(letters, now))


def _row(kind: FailureKind, members: list[Letter], now: float) -> SummaryRow:
    youngest = max(members, key=lambda letter: letter.dead_since)
    oldest = max(letter.age(now) for letter in members)
    return SummaryRow(kind, len(members), youngest.age(now), oldest, youngest.id)


def _counts(letters: list[Letter], now: float) -> dict[str, dict[str, int]]:
    return {
        "reason": _counts_of(letter.reason for letter in letters),
        "error": _counts_of(letter.error_type for letter in letters),
        "media_type": _counts_of(letter.media_type or "" for letter in letters),
        "task": _counts_of(letter.task or "" for letter in letters),
        "age": _counts_of(_age_bucket(letter.age(now)) for letter in letters),
    }


def _age_bucket(age: float) -> str:
    return next((name for limit, name in AGE_BUCKETS if age < limit), OLDEST_BUCKET)


def _counts_of(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())
