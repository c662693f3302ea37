"""A message's content as text and tables. Control characters are replaced."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ...untrusted.printable import LONGEST_ID, cut, printable
from .terminal import without_controls

MAX_SHOWN = 10_000
"""Characters of one value that are shown; `--json` is complete."""

_MAX_DEPTH = 20


def cell(text: str) -> str:
    """Text for a table's cell: one line, of limited length."""
    return printable(text, LONGEST_ID)


def pairs(values: Iterable[tuple[str, object]]) -> Table:
    """Names and values below each other, without those that are None or empty."""
    table = Table.grid(padding=(0, 2))
    for name, value in values:
        if value not in (None, ""):
            shown = cut(without_controls(value), MAX_SHOWN)
            table.add_row(Text(f"  {cell(str(name))}", style="dim"), Text(shown))
    return table


def tree(content: Any) -> Tree:
    """Nested content."""
    root = Tree("", hide_root=True, guide_style="dim")
    _add_branches(root, content)
    return root


def writable(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The content in JSON types, other values as text; None if it cannot be JSON, such as for its depth."""
    try:
        written: dict[str, Any] = json.loads(json.dumps(content, default=str))
    except (RecursionError, TypeError, ValueError):
        return None
    return written


def _add_branches(root: Tree, value: Any, depth: int = 0) -> None:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in entries:
        label = Text(f"{without_controls(name)}", style="cyan")
        if isinstance(inner, (dict, list)) and inner and depth < _MAX_DEPTH:
            _add_branches(root.add(label), inner, depth + 1)
        else:
            root.add(label.append(f": {without_controls(_as_json(inner))}", style="default"))


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to show)"
    except (TypeError, ValueError) as error:
        return f"(cannot be shown: {error})"
