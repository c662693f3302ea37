"""Summaries: how many letters there are of which kind. Pure; says nothing of how it is shown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .letter import Letter

AGES = ((3600.0, "under 1 h"), (86_400.0, "under 1 d"), (604_800.0, "under 7 d"))
OLDEST = "7 d and more"


@dataclass(frozen=True, slots=True)
class FailureKind:
    """What letters have in common that likely failed of one cause. None and empty where not told."""

    reason: str
    error_type: str
    media_type: str | None
    task: str | None

    @classmethod
    def of(cls, letter: Letter) -> "FailureKind":
        return cls(letter.reason, letter.error_type, letter.media_type, letter.task)


@dataclass(frozen=True, slots=True)
class Row:
    """Letters of one kind: how many, the ages of youngest and oldest in seconds, and the youngest's id."""

    kind: FailureKind
    count: int
    youngest: float
    oldest: float
    example: str


@dataclass(frozen=True, slots=True)
class Summary:
    """All that was looked at: by kind, the most first, and counted by each of their traits."""

    count: int
    rows: tuple[Row, ...]
    counts: Mapping[str, Mapping[str, int]]


def summarize(letters: Iterable[Letter], now: float) -> Summary:
    """Count letters; `now` is epoch seconds."""
    letters = list(letters)
    kinds: dict[FailureKind, list[Letter]] = {}
    for letter in letters:
        kinds.setdefault(FailureKind.of(letter), []).append(letter)
    rows = [_row(kind, members, now) for kind, members in kinds.items()]
    rows.sort(key=lambda row: (-row.count, row.youngest))
    return Summary(len(letters), tuple(rows), _counts(letters, now))


def _row(kind: FailureKind, members: list[Letter], now: float) -> Row:
    youngest = max(members, key=lambda letter: letter.dead_since)
    oldest = max(letter.age(now) for letter in members)
    return Row(kind, len(members), youngest.age(now), oldest, youngest.id)


def _counts(letters: list[Letter], now: float) -> dict[str, dict[str, int]]:
    return {
        "reason": _most_first(letter.reason for letter in letters),
        "error": _most_first(letter.error_type for letter in letters),
        "media_type": _most_first(letter.media_type or "" for letter in letters),
        "task": _most_first(letter.task or "" for letter in letters),
        "age": _most_first(_bucket(letter.age(now)) for letter in letters),
    }


def _bucket(age: float) -> str:
    return next((name for limit, name in AGES if age < limit), OLDEST)


def _most_first(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())
