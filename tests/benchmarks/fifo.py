"""FIFO: messages a second and API calls a message, by the number of message groups.

A message is deleted only after the one before it in its group, so one group costs a delete call for each
message and a receive for ten. Several groups share their calls.
"""

import time
from typing import Any

from pubsub_tasks import Tasks, task
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import ServiceOptions
from tests.benchmarks.counted import Goal, counted_worker
from tests.benchmarks.orders import BODY, OrderPlaced
from tests.benchmarks.section import Figure, Figures, Round, Section, Stage

GROUPS = (1, 10, 100)


def measure(stage: Stage) -> Round:
    messages = stage.options.messages(1_000)
    return {
        f"{groups} group{'s' * (groups > 1)}": _handled(
            _filled(stage.sqs, f"{stage.name}-{groups}.fifo", messages, groups), messages
        )
        for groups in GROUPS
    }


def _handled(url: str, messages: int) -> Figures:
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks)(_read)
    goal = Goal(messages)
    worker, queue = counted_worker(tasks, url, goal, ServiceOptions(capacity=Capacity(wait=1)), 24)
    started = time.perf_counter()
    worker.start()
    goal.reached.wait(600)
    calls, took = queue.calls, goal.reached_at - started
    worker.stop(5)
    return {"messages/s": messages / took, "calls/message": calls / messages}


def _read(total: object) -> None: ...


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


SECTION = Section(
    "consumed from a FIFO queue over a network of 10 ms, by message groups",
    (Figure("messages/s"), Figure("calls/message", ".2f")),
    measure,
    {},
    delay_ms=10,
    runs=1,
    endpoint="local",
)
