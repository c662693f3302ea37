"""Memory: what a worker holds with thousands of messages waiting, and after it handled very many.

    python -m tests.benchmarks.memory [--messages 100000] [--waiting 10000]

The long form is `--messages 1000000`, some ten minutes. The queue is filled with `--waiting` messages each
time that so many were handled, so that the broker does not hold them all; the worker is a process of its own.
A row has the most memory in use since the row before; its ratio is to the first filling, and should stay near
1.
"""

import argparse
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection

from rich.console import Console
from rich.table import Table

from pubsub_tasks import Tasks, task
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.runner import memory
from pubsub_tasks.processes.service import ServiceOptions
from tests.benchmarks.counted import Goal, counted_worker
from tests.benchmarks.readings import Reading
from tests.benchmarks.stage import broker, fill, filled, parser

ROWS = 10


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    ours, theirs = get_context("spawn").Pipe()
    with broker(options.delay_ms, options.endpoint) as sqs:
        url = filled(sqs, "memory", options.waiting)
        marks = range(options.waiting, options.messages + 1, options.waiting)
        process = get_context("spawn").Process(target=handle, args=(url, marks, theirs), daemon=True)
        process.start()
        theirs.close()
        held = [(0, ours.recv())]
        for mark in marks:
            if mark != marks[-1]:
                fill(sqs, url, options.waiting)
            held.append((mark, ours.recv()))
        process.join()
    Console(width=100).print(_table(held))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    made = parser(__doc__, runs=None)
    made.add_argument("--messages", type=int, default=100_000)
    made.add_argument("--waiting", type=int, default=10_000)
    return made.parse_args(arguments)


def handle(url: str, marks: range, told: Connection) -> None:
    """Tell the memory in use before the first message, and the most up to each mark."""
    tasks = Tasks()
    task(Reading, tasks=tasks)(_read)
    goal = Goal(marks[-1])
    worker, _ = counted_worker(tasks, url, goal, ServiceOptions(capacity=Capacity(wait=1)), 24)
    told.send(memory())
    worker.start()
    for mark in marks:
        most = memory()
        while goal.deleted < mark:
            time.sleep(0.01)
            most = max(most, memory())
        told.send(most)
    worker.stop(5)


def _read(value: float) -> None: ...


def _table(held: list[tuple[int, int]]) -> Table:
    table = Table("handled", "MiB", "x first", title="a worker's memory in use")
    step = max(1, (len(held) - 1) // ROWS)
    first = held[1][1]
    for handled, size in [held[0], held[1], *held[:1:-step][::-1]]:
        table.add_row(f"{handled:,}", f"{size / 2**20:.1f}", f"{size / first:.3f}" if handled else "")
    return table


if __name__ == "__main__":
    main()
