"""One contender consumes one full queue, in a process of its own, and prints what it took as JSON.

    python -m tests.benchmarks.contenders NAME QUEUE_URL MESSAGES

`bare` is what anyone would write first: one thread, receive ten, delete ten, no decoding. `decoding` does
what any handler needs besides: json, and the schema's load. The others are our worker, as users run it.
"""

import asyncio
import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.config import Config
from marshmallow import EXCLUDE, fields

from pubsub_tasks import PubSubMessageSchema, Tasks, schema, task
from pubsub_tasks.consuming.worker import Capacity, Worker
from pubsub_tasks.serving import Options, service
from pubsub_tasks.transports.aws import AwsTransport, Settings
from pubsub_tasks.wire import EntryFailure, Outgoing, QueueAttributes, Record, Sent


class Reading(PubSubMessageSchema):
    """A small message, as most are: seven fields, one of them a time."""

    MEDIA_TYPE = "application/vnd.bench.pubsub._.created.reading"

    reading_id = fields.UUID(required=True)
    sensor = fields.String(required=True)
    value = fields.Float(required=True)
    unit = fields.String(required=True)
    taken_at = fields.DateTime(required=True)
    tags = fields.List(fields.String(), load_default=list)
    valid = fields.Boolean(load_default=True)


BODY = json.dumps(
    {
        "mediaType": Reading.MEDIA_TYPE,
        "opaqueData": {"x-request-id": "r-1", "x-request-ttl": "31"},
        "reading_id": "5f1c3d0e-6a53-4bb5-8d5c-0a9f5a0d7b11",
        "sensor": "cellar-7",
        "value": 21.5,
        "unit": "C",
        "taken_at": "2026-11-24T08:00:00+00:00",
        "tags": ["cellar", "north"],
        "valid": True,
    }
)


class Counted:
    """A queue that counts its calls and deletes."""

    def __init__(self, queue: Any, goal: int) -> None:
        self._queue = queue
        self._goal = goal
        self._lock = threading.Lock()
        self.calls = self.deleted = 0
        self.done = threading.Event()
        self.url, self.name, self.fifo = queue.url, queue.name, queue.fifo

    def receive(self, *args: Any) -> list[Record]:
        self._count(0)
        return self._queue.receive(*args)  # type: ignore[no-any-return]

    def delete(self, handles: Sequence[str]) -> list[EntryFailure | None]:
        answers: list[EntryFailure | None] = self._queue.delete(handles)
        self._count(sum(answer is None for answer in answers))
        return answers

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> list[EntryFailure | None]:
        self._count(0)
        return self._queue.change_visibility(changes)  # type: ignore[no-any-return]

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        raise RuntimeError("a benchmark has no dead letters")

    def attributes(self) -> QueueAttributes:
        return self._queue.attributes()  # type: ignore[no-any-return]

    def _count(self, deleted: int) -> None:
        with self._lock:
            self.calls += 1
            self.deleted += deleted
            if self.deleted >= self._goal:
                self.done.set()


def bare(url: str, goal: int, *, decode: Callable[[str], object] | None = None, threads: int = 1) -> int:
    """The loop that everybody writes first; returns its calls."""
    client = boto3.client("sqs", config=Config(max_pool_connections=threads))
    left = goal
    calls = 0
    lock = threading.Lock()

    def loop() -> None:
        nonlocal left, calls
        while left > 0:
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
            with lock:
                left -= len(messages)
                calls += 2 if messages else 1

    workers = [threading.Thread(target=loop) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return calls


def decoding(url: str, goal: int, threads: int = 1) -> int:
    """The same with json and `schema.load`."""
    loaded = Reading()
    names = set(loaded.fields)

    def decode(body: str) -> object:
        flat = json.loads(body)
        return loaded.load({name: flat[name] for name in names if name in flat}, unknown=EXCLUDE)

    return bare(url, goal, decode=decode, threads=threads)


def ours(
    url: str, goal: int, *, kind: str = "plain", seconds: float = 0.0, concurrency: int | None = None
) -> int:
    """Our worker with one task; returns its calls."""
    tasks = Tasks()
    schema(Reading)

    if kind == "plain":

        @task(Reading, tasks=tasks)
        def read(value: float) -> None:
            if seconds:
                time.sleep(seconds)

    else:

        @task(Reading, tasks=tasks)
        async def read_async(value: float) -> None:
            if seconds:
                await asyncio.sleep(seconds)

    threads = (concurrency or 100) + 16
    transport = AwsTransport(Settings(threads=threads))
    queues: list[Counted] = []

    class Counting:
        features = transport.features
        queue_url = transport.queue_url
        publisher = transport.publisher

        def queue(self, url: str) -> Counted:
            queues.append(Counted(transport.queue(url), goal))
            return queues[-1]

    worker: Worker = service(
        Counting(), tasks, url, Options(capacity=Capacity(concurrency, concurrency, wait=1))
    ).worker
    worker.start()
    queues[0].done.wait(300)
    worker.stop(5)
    return queues[0].calls


CONTENDERS: dict[str, Callable[[str, int], int]] = {
    "bare": bare,
    "bare x 8": lambda url, goal: bare(url, goal, threads=8),
    "decoding": decoding,
    "decoding x 8": lambda url, goal: decoding(url, goal, threads=8),
    "threads": lambda url, goal: ours(url, goal),
    "coroutines": lambda url, goal: ours(url, goal, kind="async"),
    "20 ms, 32 threads": lambda url, goal: ours(url, goal, seconds=0.02, concurrency=32),
    "20 ms, 32 coroutines": lambda url, goal: ours(url, goal, kind="async", seconds=0.02, concurrency=32),
}


def main() -> None:
    name, url, goal = sys.argv[1], sys.argv[2], int(sys.argv[3])
    boto3.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"]
    )  # boto3's own start-up
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    calls = CONTENDERS[name](url, goal)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "calls": calls}))


if __name__ == "__main__":
    main()
