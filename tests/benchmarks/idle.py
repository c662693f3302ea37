"""Idle: the CPU and the calls of a worker whose queue is empty, a minute.

    python -m tests.benchmarks.idle [--seconds 60] [--runs 1] [--wait-seconds 20]

Measured in a process of its own once its first message is handled, and scaled to a minute. A bare boto3
loop would make 60 / 20 = 3 calls.
"""

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from pubsub_tasks import Tasks, task
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import ServiceOptions
from tests.benchmarks.counted import Goal, counted_worker
from tests.benchmarks.readings import Reading
from tests.benchmarks.stage import broker, filled, parser, spread


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    runs = []
    with broker(endpoint=options.endpoint) as sqs:
        for number in range(options.runs):
            url = filled(sqs, f"idle-{number}", 1)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                runs.append(pool.submit(rest, url, options.seconds, options.wait_seconds).result())
    table = Table("CPU ms a minute", "calls a minute", title=f"idle worker, {options.wait_seconds} s polls")
    table.add_row(spread([cpu for cpu, _ in runs], ".1f"), spread([calls for _, calls in runs], ".1f"))
    Console(width=100).print(table)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    made = parser(__doc__, runs=1, delay=False)
    made.add_argument("--seconds", type=float, default=60)
    made.add_argument("--wait-seconds", type=int, default=20)
    return made.parse_args(arguments)


def rest(url: str, seconds: float, wait: int) -> tuple[float, float]:
    """Milliseconds of CPU and calls, a minute."""
    tasks = Tasks()
    task(Reading, tasks=tasks)(_read)
    goal = Goal(1)
    worker, queue = counted_worker(tasks, url, goal, ServiceOptions(capacity=Capacity(wait=wait)), 24)
    worker.start()
    goal.reached.wait(60)
    time.sleep(min(1.0, seconds))  # what follows a message is over, and one poll is open
    calls, cpu, started = queue.calls, _cpu(), time.perf_counter()
    time.sleep(seconds)
    scale = 60 / (time.perf_counter() - started)
    figures = 1000 * (_cpu() - cpu) * scale, (queue.calls - calls) * scale
    worker.stop(0)
    return figures


def _read(value: float) -> None: ...


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
