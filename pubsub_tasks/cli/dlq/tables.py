"""Letters as tables for people and as JSON for programs. Control characters are replaced in tables."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ...dead_letters.archive import to_dict
from ...dead_letters.letter_view import (
    Letter,
    class_name,
    describe_reason,
    error_line,
    failure_fields,
)
from ...dead_letters.short_ids import shorten_ids
from ...dead_letters.summary import summarize
from ...untrusted.readable_times import format_age, format_ages
from ..output.terminal import without_controls
from ..output.values import cell, pairs, tree, writable

_NUMBERS = ("letters", "attempts")
_FOLDED = ("reason", "media type", "task")


def kinds_table(letters: Sequence[Letter], now: float) -> Table:
    """One row for each kind of failure, the most frequent first."""
    table = _table("letters", "reason", "error", "media type", "task", "age", "example")
    names = shorten_ids(letter.id for letter in letters)
    for row in summarize(letters, now).rows:
        kind = row.kind
        cells = (
            describe_reason(kind.reason),
            class_name(kind.error_type) or "-",
            kind.media_type or "-",
            kind.task or "-",
        )
        table.add_row(
            f"{row.count:,}",
            *map(cell, cells),
            format_ages(row.youngest, row.oldest),
            cell(names[row.example]),
        )
    return table


def letters_table(letters: Sequence[Letter], now: float) -> Table:
    """One row for each letter, the youngest first."""
    table = _table("letter", "age", "reason", "error", "media type", "task", "attempts", folded=("error",))
    names = shorten_ids(letter.id for letter in letters)
    for letter in sorted(letters, key=lambda letter: -letter.dead_since):
        cells = (
            describe_reason(letter.reason),
            error_line(letter) or "-",
            letter.media_type or "-",
            letter.task or "-",
        )
        table.add_row(
            cell(names[letter.id]), format_age(letter.age(now)), *map(cell, cells), str(letter.attempts)
        )
    return table


def print_letter(letter: Letter, now: float, console: Console) -> None:
    """Print everything that a letter carries."""
    title = Text(without_controls(letter.media_type or "(no media type)"), style="bold")
    console.print(title, Text(without_controls(letter.id), style="cyan"))
    for heading, section in _sections(letter, now):
        console.print()
        console.print(Text(heading, style="bold"))
        console.print(section)


def as_json(letter: Letter, now: float) -> dict[str, Any]:
    """A letter for programs: its failure and content, and the record byte for byte."""
    failure = letter.failure
    return {
        "id": letter.id,
        "media_type": letter.media_type,
        "reason": letter.reason,
        "error_type": letter.error_type,
        "error": failure.message if failure else "",
        "traceback": failure.traceback if failure else "",
        "task": letter.task,
        "attempts": letter.attempts,
        "age": round(letter.age(now), 3),
        "dead_since": letter.dead_since,
        "queue": failure.queue if failure else None,
        "defect": str(letter.delivery.defect) if letter.delivery.defect else None,
        "headers": dict(letter.delivery.headers),
        "content": writable(letter.content),
        "record": to_dict(letter.record),
    }


def _table(*columns: str, folded: Sequence[str] = ()) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in _NUMBERS else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=column not in (*_FOLDED, *folded))
    return table


def _sections(letter: Letter, now: float) -> Iterator[tuple[str, RenderableType]]:
    yield "Failure", pairs(failure_fields(letter, now))
    if letter.delivery.defect:
        yield "Body (cannot be read)", Text(without_controls(letter.record.body))
    else:
        yield "Content", tree(letter.content)
    if letter.delivery.headers:
        yield "Headers", pairs(letter.delivery.headers.items())
    attributes = [
        (name, value.value) for name, value in letter.delivery.attributes.items() if name != "dead_letter"
    ]
    if attributes:
        yield "Attributes", pairs(attributes)
    if letter.failure and letter.failure.traceback:
        yield "Traceback", Text(without_controls(letter.failure.traceback.rstrip()))
