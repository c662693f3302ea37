"""Tables: letters as people read them, and as machines do. Says what is told; hides nothing, and lets no
letter speak to the terminal itself."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ...dead_letters.archive import written
from ...dead_letters.letter import MOVED_BY_SQS, UNTOLD, Letter
from ...dead_letters.short_ids import short
from ...dead_letters.summary import summarize
from ...untrusted.printable import LONGEST_ID, cut, printable
from .environment import plain

_STEPS = ((86_400, "d"), (3600, "h"), (60, "min"))
_NUMBERS = ("letters", "tries")
_FOLDED = ("reason", "media type", "task")
_BRIEF = 60
"""Characters of an error where many are listed."""
LONGEST_SHOWN = 10_000
"""Characters of one header, attribute or error where a letter is shown; `--as-json` and `export` show all."""

_REASONS = {MOVED_BY_SQS: f"moved by SQS: {MOVED_BY_SQS}", UNTOLD: "untold"}


def age(seconds: float) -> str:
    """Such as `45 s`, `12 min`, `3 h` or `5 d`."""
    for step, unit in _STEPS:
        if seconds >= step:
            return f"{seconds / step:.0f} {unit}"
    return f"{seconds:.0f} s"


def ages(youngest: float, oldest: float) -> str:
    """Such as `12 min - 3 h`, or one age where both are told alike."""
    return " - ".join(dict.fromkeys((age(youngest), age(oldest))))


def moment(epoch: float | None) -> str:
    """UTC, to the second; empty where not told or beyond the calendar."""
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if epoch else ""
    except (OverflowError, OSError, ValueError):
        return ""


def reason(told: str) -> str:
    """A letter's reason in words."""
    return _REASONS.get(told, told)


def kinds(letters: Sequence[Letter], now: float) -> Table:
    """Letters by kind, the most first."""
    table = _table("letters", "reason", "error", "media type", "task", "age", "such as")
    names = short(letter.id for letter in letters)
    for row in summarize(letters, now).rows:
        kind = row.kind
        told = (reason(kind.reason), _class(kind.error_type) or "-", kind.media_type or "-", kind.task or "-")
        table.add_row(
            f"{row.count:,}", *map(_cell, told), ages(row.youngest, row.oldest), _cell(names[row.example])
        )
    return table


def each(letters: Sequence[Letter], now: float) -> Table:
    """One line for each letter, the youngest first."""
    table = _table("letter", "age", "reason", "error", "media type", "task", "tries", folded=("error",))
    names = short(letter.id for letter in letters)
    for letter in sorted(letters, key=lambda letter: -letter.dead_since):
        told = (reason(letter.reason), _brief(letter) or "-", letter.media_type or "-", letter.task or "-")
        table.add_row(_cell(names[letter.id]), age(letter.age(now)), *map(_cell, told), str(letter.attempts))
    return table


def show(letter: Letter, now: float, console: Console) -> None:
    """All that one letter tells."""
    title = Text(plain(letter.media_type or "(no media type)"), style="bold")
    console.print(title, Text(plain(letter.id), style="cyan"))
    for heading, part in _parts(letter, now):
        console.print()
        console.print(Text(heading, style="bold"))
        console.print(part)


def as_json(letter: Letter, now: float) -> dict[str, Any]:
    """A letter for machines: what it tells, and the record byte for byte."""
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
        "content": _writable(letter.content),
        "record": written(letter.record),
    }


def _cell(text: str) -> str:
    return printable(text, LONGEST_ID)


def _class(error_type: str) -> str:
    """The name of the error's class, without its module's."""
    return error_type.rpartition(".")[2]


def _brief(letter: Letter) -> str:
    """The error in one line."""
    told = letter.error.removeprefix(letter.error_type.removesuffix(_class(letter.error_type)))
    first = told.partition("\n")[0]
    return first if len(first) <= _BRIEF else first[: _BRIEF - 1] + "…"


def _table(*columns: str, folded: Sequence[str] = ()) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in _NUMBERS else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=column not in (*_FOLDED, *folded))
    return table


def _parts(letter: Letter, now: float) -> Iterator[tuple[str, RenderableType]]:
    yield "Failure", _pairs(_failure(letter, now))
    if letter.delivery.defect:
        yield "Body, which cannot be read", Text(plain(letter.record.body))
    else:
        yield "Content", _tree(letter.content)
    if letter.delivery.headers:
        yield "Headers", _pairs(letter.delivery.headers.items())
    attributes = [
        (name, value.value) for name, value in letter.delivery.attributes.items() if name != "dead_letter"
    ]
    if attributes:
        yield "Attributes", _pairs(attributes)
    if letter.failure and letter.failure.traceback:
        yield "Traceback", Text(plain(letter.failure.traceback.rstrip()))


def _failure(letter: Letter, now: float) -> Iterator[tuple[str, object]]:
    failure = letter.failure
    yield "reason", reason(letter.reason)
    if letter.delivery.defect:
        yield "defect", letter.delivery.defect
    if failure:
        yield "error", letter.error
        yield "task", letter.task or "none"
    yield "attempts" if failure else "receives", letter.attempts
    yield (
        "given up" if failure and failure.failed_at else "sent",
        f"{age(letter.age(now))} ago, {moment(letter.dead_since)}",
    )
    if failure:
        yield "first received", moment(failure.first_received_at)
        yield "queue", failure.queue
        yield "copy that failed", failure.sqs_message_id
        yield "version", failure.version
    yield "published", moment(letter.delivery.published_at)
    yield "source", letter.record.source_arn
    yield "group", letter.record.group_id
    yield "this copy", letter.record.message_id


def _pairs(pairs: Any) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in pairs:
        if value not in (None, ""):
            shown = cut(plain(value), LONGEST_SHOWN)
            table.add_row(Text(f"  {_cell(str(name))}", style="dim"), Text(shown))
    return table


def _tree(content: Any) -> Tree:
    tree = Tree("", hide_root=True, guide_style="dim")
    _grow(tree, content)
    return tree


def _grow(tree: Tree, value: Any, depth: int = 0) -> None:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in entries:
        label = Text(f"{plain(name)}", style="cyan")
        if isinstance(inner, (dict, list)) and inner and depth < 20:
            _grow(tree.add(label), inner, depth + 1)
        else:
            tree.add(label.append(f": {plain(_as_json(inner))}", style="default"))


def _writable(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The content, or None where it is nested too deeply to be written; the body has it all the same."""
    try:
        json.dumps(content)
    except RecursionError:
        return None
    return content


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply to be shown)"
