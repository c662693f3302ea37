"""FIFO: messages a second and API calls a message, by the number of message groups.

    python -m tests.benchmarks.fifo [--messages 1000] [--delay-ms 0] [--handler-ms 0] [--groups 1 10 100]

A message is deleted only after the one before it in its group, so one group costs a delete call for each
message and a receive for ten. Several groups share their calls.
"""

import argparse
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from pubsub_tasks import Tasks, task
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import ServiceOptions
from tests.benchmarks.counted import Goal, counted_worker
from tests.benchmarks.readings import BODY, Reading
from tests.benchmarks.stage import broker, parser, spread


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    table = Table("groups", "messages/s", "calls a message", title=_title(options))
    with broker(options.delay_ms, options.endpoint) as sqs:
        for groups in options.groups:
            runs = [
                handled(_filled(sqs, f"groups-{groups}-{number}.fifo", options.messages, groups), options)
                for number in range(options.runs)
            ]
            table.add_row(
                str(groups), spread([rate for rate, _ in runs]), spread([calls for _, calls in runs], ".2f")
            )
    Console(width=100).print(table)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--messages", type=int, default=1000)
    made.add_argument("--handler-ms", type=float, default=0, help="how long each handler waits")
    made.add_argument("--groups", type=int, nargs="+", default=[1, 10, 100])
    return made.parse_args(arguments)


def _title(options: argparse.Namespace) -> str:
    delays = f"{options.delay_ms:g} ms a call, {options.handler_ms:g} ms a handler"
    return f"FIFO, {options.messages:,} messages, {delays}"


def handled(url: str, options: argparse.Namespace) -> tuple[float, float]:
    """Messages a second and calls a message, until all are deleted."""
    tasks = Tasks()

    @task(Reading, tasks=tasks)
    def read(**reading: Any) -> None:
        if options.handler_ms:
            time.sleep(options.handler_ms / 1000)

    goal = Goal(options.messages)
    worker, queue = counted_worker(tasks, url, goal, ServiceOptions(capacity=Capacity(wait=1)), 24)
    started = time.perf_counter()
    worker.start()
    goal.reached.wait(600)
    calls, took = queue.calls, goal.reached_at - started
    worker.stop(5)
    return options.messages / took, calls / options.messages


def _filled(sqs: Any, name: str, messages: int, groups: int) -> str:
    """A new queue's URL, its messages dealt to the groups in turn."""
    url: str = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    for start in range(0, messages, 10):
        entries = [
            {
                "Id": str(index),
                "MessageBody": BODY,
                "MessageGroupId": f"group-{index % groups}",
                "MessageDeduplicationId": str(index),
            }
            for index in range(start, min(start + 10, messages))
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return url


if __name__ == "__main__":
    main()
