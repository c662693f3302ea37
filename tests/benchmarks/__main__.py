"""Throughput beside a bare boto3 loop, in one run, against the embedded broker in its own process.

    python -m tests.benchmarks [--messages 20000] [--runs 3] [--delay-ms 0]

Contenders take turns, each in a fresh process on a queue filled anew, so that a machine that slows down slows
them all. Figures are medians, with the lowest and highest beside; ratios are to the bare loop of that round.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

from pubsub_tasks.embedded.server import start_process
from pubsub_tasks.local import environment

from .contenders import BODY, CONTENDERS

Figures = dict[str, float]


def main() -> None:
    arguments = _arguments()
    process = start_process(0, delay_ms=arguments.delay_ms)
    try:
        os.environ.update(environment(process.url))
        sqs = boto3.client("sqs")
        rounds = [
            {
                name: _run(sqs, name, f"bench-{number}-{index}", arguments.messages)
                for index, name in enumerate(arguments.contenders)
            }
            for number in range(arguments.runs)
        ]
    finally:
        process.stop()
    Console(width=120).print(_table(rounds, arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=0, help="added to each answer of the broker")
    parser.add_argument("contenders", nargs="*", default=list(CONTENDERS), help=f"of {', '.join(CONTENDERS)}")
    return parser.parse_args()


def _run(sqs: Any, name: str, queue: str, messages: int) -> Figures:
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    goal = min(messages, 6_400) if name.startswith("20 ms") else messages
    _fill(sqs, url, goal)
    command = [sys.executable, "-m", "tests.benchmarks.contenders", name, url, str(goal)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    sqs.delete_queue(QueueUrl=url)
    figures = json.loads(done.stdout)
    return {
        "per second": goal / figures["seconds"],
        "cpu": 1_000_000 * figures["cpu"] / goal,
        "calls": figures["calls"] / goal,
    }


def _fill(sqs: Any, url: str, messages: int) -> None:
    def send(start: int) -> None:
        count = min(10, messages - start)
        entries = [{"Id": str(index), "MessageBody": BODY} for index in range(count)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(0, messages, 10)))


def _table(rounds: list[dict[str, Figures]], arguments: argparse.Namespace) -> Table:
    table = Table(
        title=f"{arguments.messages:,} messages, {arguments.delay_ms:g} ms added, {len(rounds)} rounds"
    )
    for heading in ("contender", "messages/s", "x bare", "client CPU ms/1,000", "x bare", "calls/message"):
        table.add_column(heading, justify="left" if heading == "contender" else "right")
    for name in rounds[0]:
        speed = [each[name]["per second"] for each in rounds]
        cpu = [each[name]["cpu"] for each in rounds]
        table.add_row(
            name,
            f"{median(speed):,.0f} ({min(speed):,.0f}..{max(speed):,.0f})",
            _ratio(rounds, name, "per second"),
            f"{median(cpu):.0f} ({min(cpu):.0f}..{max(cpu):.0f})",
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
