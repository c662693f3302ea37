"""Tables of what was measured: medians, with the lowest and highest beside."""

import platform
import time
from collections.abc import Iterator, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.benchmarks.section import Figure, Round, Section


def spread(values: Sequence[float], form: str) -> str:
    """The median, with the lowest and highest beside where there are several."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{median(values):{form}} ({min(values):{form}}..{max(values):{form}})"


def machine() -> str:
    """What a table was measured on."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as told:
            model = next(line.partition(":")[2].strip() for line in told if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as told:
        cores = sum(line.startswith("processor") for line in told)
    date = time.strftime("%Y-%m-%d")
    return f"{date}, {cores} cores of {model}, {platform.system()}, Python {platform.python_version()}"


def cells(section: Section, rounds: Sequence[Round]) -> Iterator[list[str]]:
    """The heading of a table, and a row for each contender."""
    yield ["contender", *(heading for figure in section.figures for heading in _headings(figure)), "aim"]
    for name in rounds[0]:
        told = [cell for figure in section.figures for cell in _cells(section, rounds, name, figure)]
        aims = [
            f"{figure.name} {aim}"
            for figure in section.figures
            if (aim := section.aims.get((name, figure.name)))
        ]
        yield [name, *told, ", ".join(aims)]


def ratios(section: Section, rounds: Sequence[Round], name: str, figure: str) -> list[float]:
    """To the contender's reference of the same round; empty without one."""
    reference = section.beside.get(name)
    if reference is None:
        return []
    return [each[name][figure] / each[reference][figure] for each in rounds]


def title(section: Section, rounds: Sequence[Round]) -> str:
    return f"{section.title[0].upper()}{section.title[1:]} ({len(rounds)} round{'s' * (len(rounds) > 1)})"


def show(section: Section, rounds: Sequence[Round]) -> None:
    heading, *rows = cells(section, rounds)
    table = Table(title=title(section, rounds), title_justify="left")
    for index, each in enumerate(heading):
        table.add_column(each, justify="right" if 0 < index < len(heading) - 1 else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=150).print(table)


def markdown(section: Section, rounds: Sequence[Round]) -> str:
    heading, *rows = cells(section, rounds)
    rule = ["---", *["--:"] * (len(heading) - 2), "---"]
    lines = ["| " + " | ".join(row) + " |" for row in (heading, rule, *rows)]
    return "\n".join([f"### {title(section, rounds)}", "", *lines, ""])


def _headings(figure: Figure) -> list[str]:
    return [figure.name, "x bare"] if figure.ratio else [figure.name]


def _cells(section: Section, rounds: Sequence[Round], name: str, figure: Figure) -> list[str]:
    told = [spread([each[name][figure.name] for each in rounds], figure.form)]
    if figure.ratio:
        found = ratios(section, rounds, name, figure.name)
        told.append(spread(found, ".2f") if found else "1")
    return told
