"""Throughput beside a bare boto3 loop, in one run, against an endpoint in a process of its own.

    python -m tests.benchmarks [--messages 20000] [--runs 3] [--delay-ms 0] [--endpoint local] [CONTENDER ...]

Contenders take turns, each in a fresh process on a queue filled anew, so that a machine that slows down slows
them all. Figures are medians, with the lowest and highest beside; ratios are to the bare loop of that round.

Others measure what else a worker costs, and are run alike (`--help` tells more of each):

    python -m tests.benchmarks.growth      messages a second by slots and processes
    python -m tests.benchmarks.latency     from publish to the start of the handler
    python -m tests.benchmarks.startup     from the command to the first message
    python -m tests.benchmarks.idle        CPU and calls of a worker that has nothing to do
    python -m tests.benchmarks.memory      whether memory grows with messages
    python -m tests.benchmarks.publishing  publishing beside bare boto3
    python -m tests.benchmarks.wire        what one call costs, by boto3's switches and without it
"""

import argparse
import json
import subprocess
import sys
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.contenders import BESIDE, Figures
from tests.benchmarks.stage import ROOT, broker, filled, parser, spread


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    with broker(options.delay_ms, options.endpoint) as sqs:
        rounds = [
            {
                name: measure(sqs, name, f"bench-{number}-{index}", options.messages)
                for index, name in enumerate(options.contenders)
            }
            for number in range(options.runs)
        ]
    Console(width=120).print(_table(rounds, options))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--messages", type=int, default=20_000)
    made.add_argument("contenders", nargs="*", default=list(BESIDE), help=f"of {', '.join(BESIDE)}")
    return made.parse_args(arguments)


def measure(sqs: Any, name: str, queue: str, messages: int) -> Figures:
    goal = min(messages, 6_400) if name.startswith("20 ms") else messages
    url = filled(sqs, queue, goal)
    command = [sys.executable, "-m", "tests.benchmarks.contenders", name, url, str(goal)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    sqs.delete_queue(QueueUrl=url)
    figures = json.loads(done.stdout)
    return {
        "per second": goal / figures["seconds"],
        "cpu": 1_000_000 * figures["cpu"] / goal,
        "calls": figures["calls"] / goal,
    }


def _table(rounds: list[dict[str, Figures]], options: argparse.Namespace) -> Table:
    table = Table(title=f"{options.messages:,} messages, {options.delay_ms:g} ms added, {len(rounds)} rounds")
    for heading in ("contender", "messages/s", "x bare", "client CPU ms/1,000", "x bare", "calls/message"):
        table.add_column(heading, justify="left" if heading == "contender" else "right")
    for name in rounds[0]:
        speed = [each[name]["per second"] for each in rounds]
        cpu = [each[name]["cpu"] for each in rounds]
        table.add_row(
            name,
            spread(speed),
            _ratio(rounds, name, "per second"),
            spread(cpu),
            _ratio(rounds, name, "cpu"),
            f"{median([each[name]['calls'] for each in rounds]):.2f}",
        )
    return table


def _ratio(rounds: list[dict[str, Figures]], name: str, figure: str) -> str:
    if "bare" not in rounds[0]:
        return ""
    return f"{median([each[name][figure] / each['bare'][figure] for each in rounds]):.2f}"


if __name__ == "__main__":
    main()
