"""Growth: messages a second of 20 ms handlers, by slots and processes.

    python -m tests.benchmarks.growth [--messages 3200] [--runs 3] [--delay-ms 0] [--slots 8 16 32 64]

Beside each figure stands its share of what so many slots could do at most: 50 messages a second each.
"""

import argparse
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.benchmarks.__main__ import measure
from tests.benchmarks.contenders import KINDS, PROCESSES, SLOTS, growing
from tests.benchmarks.stage import broker, parser, spread

MOST = 1 / 0.02
"""Messages a second of one slot."""


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    columns = [(kind, processes) for kind in options.kinds for processes in PROCESSES]
    names = [growing(slots, *column) for slots in options.slots for column in columns]
    with broker(options.delay_ms, options.endpoint) as sqs:
        rounds = [
            {
                name: measure(sqs, name, f"growth-{number}-{index}", options.messages)["per second"]
                for index, name in enumerate(names)
            }
            for number in range(options.runs)
        ]
    Console(width=120).print(_table(rounds, options))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--messages", type=int, default=3_200)
    made.add_argument("--slots", type=int, nargs="+", choices=SLOTS, default=SLOTS)
    made.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    return made.parse_args(arguments)


def _table(rounds: list[dict[str, float]], options: argparse.Namespace) -> Table:
    title = (
        f"messages a second, {options.messages:,} messages, {options.delay_ms:g} ms added, {len(rounds)} runs"
    )
    columns = [(kind, processes) for kind in options.kinds for processes in PROCESSES]
    table = Table("slots", *(f"{kind}, processes: {processes}" for kind, processes in columns), title=title)
    for slots in options.slots:
        cells = []
        for kind, processes in columns:
            speeds = [each[growing(slots, kind, processes)] for each in rounds]
            cells.append(f"{spread(speeds)} {median(speeds) / (slots * processes * MOST):.0%}")
        table.add_row(str(slots), *cells)
    return table


if __name__ == "__main__":
    main()
