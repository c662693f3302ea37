"""The README and the pages of the manual, what is in them, and the commands that they tell of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import click

ROOT = Path(__file__).parent.parent.parent
MANUAL = ROOT / "pubsub_tasks" / "manual"
PAGES = [ROOT / "README.md", *sorted(MANUAL.glob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced code block. `line` is that of its first line of code."""

    page: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, found.start(2)) + 1, found[1], found[2])


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def spans(page: Path) -> list[str]:
    """What stands in backquotes."""
    return [re.sub(r"\s+", " ", span) for span in _SPAN.findall(prose(page))]


def links(page: Path) -> list[str]:
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(page: Path, first: str) -> Iterator[list[str]]:
    """The rows of the table whose head begins with `first`, cell by cell, without the head."""
    lines = prose(page).splitlines()
    heads = [index for index, line in enumerate(lines) if line.startswith(f"| {first} |")]
    assert len(heads) == 1, f"{page.name} has {len(heads)} tables that begin with {first!r}"
    for row in takewhile(lambda line: line.startswith("|"), lines[heads[0] + 2 :]):
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def named(cell: str) -> list[str]:
    """What stands in backquotes in a cell."""
    return _SPAN.findall(cell)


def subcommands(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group by name, also of one that imports them when they run."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}
