"""One contender consumes a full queue or publishes, in a process of its own, and prints what it took as JSON.

    python -m tests.benchmarks.contenders NAME QUEUE_URL_OR_TOPIC_ARN MESSAGES

`bare` is what anyone would write first: one thread, receive ten, delete ten, no decoding. `decoding` does
what any handler needs besides: json, and the schema's load. The others are our worker, as users run it;
where there are several processes, each stands ready before the clock starts. Nor is what it takes to make a
client or a worker measured here: `startup` does. All end with the last delete.
"""

import asyncio
import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from typing import Any

import boto3
from botocore.config import Config
from marshmallow import EXCLUDE

from pubsub_tasks import Tasks, task
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import ServiceOptions
from tests.benchmarks.counted import Goal, counted_worker
from tests.benchmarks.orders import OrderPlaced
from tests.benchmarks.publishing import PUBLISHING

Figures = dict[str, float]


Consume = Callable[[], int]
"""Consumes until the goal is reached, and returns its calls."""


def bare(url: str, goal: Goal, *, decode: Callable[[str], object] | None = None, threads: int = 1) -> Consume:
    """The loop that everybody writes first."""
    client = boto3.client("sqs", config=Config(max_pool_connections=threads))
    calls = 0
    lock = threading.Lock()

    def loop() -> None:
        nonlocal calls
        while not goal.reached.is_set():
            answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            messages = answer.get("Messages", [])
            if decode is not None:
                for message in messages:
                    decode(message["Body"])
            if messages:
                client.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                        for index, message in enumerate(messages)
                    ],
                )
                goal.add(len(messages))
            with lock:
                calls += 2 if messages else 1

    def consume() -> int:
        workers = [threading.Thread(target=loop) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return calls

    return consume


def decoding(url: str, goal: Goal, threads: int = 1) -> Consume:
    """The same with json and `schema.load`."""
    loaded = OrderPlaced()
    names = set(loaded.fields)

    def decode(body: str) -> object:
        flat = json.loads(body)
        return loaded.load({name: flat[name] for name in names if name in flat}, unknown=EXCLUDE)

    return bare(url, goal, decode=decode, threads=threads)


def ours(
    url: str, goal: Goal, *, kind: str = "plain", seconds: float = 0.0, concurrency: int | None = None
) -> Consume:
    """Our worker with one task."""
    tasks = Tasks()

    if kind == "plain":

        @task(OrderPlaced, tasks=tasks)
        def read(total: object) -> None:
            if seconds:
                time.sleep(seconds)

    else:

        @task(OrderPlaced, tasks=tasks)
        async def read_async(total: object) -> None:
            if seconds:
                await asyncio.sleep(seconds)

    options = ServiceOptions(capacity=Capacity(concurrency, concurrency, wait=1))
    worker, queue = counted_worker(tasks, url, goal, options, (concurrency or 100) + 16)

    def consume() -> int:
        worker.start()
        goal.reached.wait(300)
        worker.stop(5)
        return queue.calls

    return consume


Contender = tuple[int, Callable[[str, Goal], Consume]]
"""In how many processes, and what each of them does."""

CONSUMING: dict[str, Contender] = {
    "bare": (1, bare),
    "decoding": (1, decoding),
    "threads": (1, ours),
    "coroutines": (1, partial(ours, kind="async")),
    "2 processes": (2, ours),
    "bare x 8": (1, partial(bare, threads=8)),
    "decoding x 8": (1, partial(decoding, threads=8)),
}

SLOTS = (8, 16, 32, 64)
PROCESSES = (1, 2)
KINDS = {"threads": "plain", "coroutines": "async"}
WAIT = 0.02
"""Seconds that the handlers of `slow` wait."""


def slow(slots: int, kind: str, processes: int) -> str:
    """The name of our worker with handlers that wait."""
    return f"{processes} x {slots} {kind}"


SLOW: dict[str, Contender] = {
    slow(slots, kind, processes): (
        processes,
        partial(ours, kind=KINDS[kind], seconds=WAIT, concurrency=slots),
    )
    for slots in SLOTS
    for kind in KINDS
    for processes in PROCESSES
}

CONTENDERS = {**CONSUMING, **SLOW, **PUBLISHING}


def run(name: str, target: str, messages: int) -> Figures:
    """What it took, of all its processes."""
    spawn = get_context("spawn")
    processes, _ = CONTENDERS[name]
    if processes == 1:
        return _measured(name, target, Goal(messages), lambda: None)
    goal, ready, told = Goal(messages, spawn), spawn.Barrier(processes), spawn.SimpleQueue()
    children = [
        spawn.Process(target=_child, args=(name, target, goal, ready, told), daemon=True)
        for _ in range(processes)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
        if child.exitcode:
            raise SystemExit(f"a process of {name} ended with {child.exitcode}")
    figures: list[Figures] = [told.get() for _ in children]
    return {
        "seconds": max(each["seconds"] for each in figures),
        "cpu": sum(each["cpu"] for each in figures),
        "calls": sum(each["calls"] for each in figures),
    }


def _child(name: str, target: str, goal: Goal, ready: Any, told: Any) -> None:
    told.put(_measured(name, target, goal, lambda: ready.wait(60)))


def _measured(name: str, target: str, goal: Goal, wait: Callable[[], object]) -> Figures:
    _, made = CONTENDERS[name]
    consume = made(target, goal)
    wait()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    calls = consume()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": goal.reached_at - started, "cpu": cpu, "calls": calls}


def main() -> None:
    name, target, messages = sys.argv[1], sys.argv[2], int(sys.argv[3])
    print(json.dumps(run(name, target, messages)))


if __name__ == "__main__":
    main()
