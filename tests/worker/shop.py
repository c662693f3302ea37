"""A worker with real threads, its tasks, and a queue with a dead-letter queue in memory.

Tests wait for events of the worker instead of sleeping. A message ends an open poll.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Event
from threading import enumerate as threads
from typing import Any

from marshmallow import fields

from pubsub_tasks import PubSubMessageSchema, Tasks, task
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import dead_letter_target
from pubsub_tasks.tasks.events import Event as WorkerEvent
from pubsub_tasks.tasks.events import Settled
from pubsub_tasks.tasks.task import Task
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.transports.protocols import Queue
from pubsub_tasks.wire.records import EntryFailure, Outgoing, QueueAttributes, Record, Sent
from pubsub_tasks.worker.worker import Worker

PATIENCE = 30
"""Seconds after which a test stops waiting and fails."""

NUMBER = "application/vnd.test.pubsub._.created.number"
WORD = "application/vnd.test.pubsub._.created.word"


class Number(PubSubMessageSchema):
    MEDIA_TYPE = NUMBER
    number = fields.Integer(required=True)


class Word(PubSubMessageSchema):
    MEDIA_TYPE = WORD
    word = fields.String(required=True)


class EventRecorder:
    """An observer that lets a test wait for events."""

    def __init__(self) -> None:
        self._seen: SimpleQueue[WorkerEvent] = SimpleQueue()

    def __call__(self, event: WorkerEvent) -> None:
        self._seen.put(event)

    def next(self, kind: type[Any] = Settled) -> Any:
        """Return the next event of a kind, skipping others."""
        while True:
            try:
                event = self._seen.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError(f"there was no {kind.__name__}") from None
            if isinstance(event, kind):
                return event

    def verdicts(self, count: int) -> list[Any]:
        """Return the verdicts on the next `count` messages, in the order of the decisions."""
        return [self.next(Settled).verdict for _ in range(count)]


class Shop:
    """A queue, its dead-letter queue and its tasks."""

    def __init__(self, *, fifo: bool = False, visibility: int = 30) -> None:
        self.transport = MemoryTransport()
        self.tasks = Tasks()
        self.events = EventRecorder()
        self._sequence = 0
        sqs = self.transport.client("sqs")
        suffix, kind = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
        dead = sqs.create_queue(QueueName=f"dead{suffix}", Attributes=kind)["QueueUrl"]
        self.dead: Queue = self.transport.queue(dead)
        attributes = kind | {"VisibilityTimeout": str(visibility)}
        url = sqs.create_queue(QueueName=f"orders{suffix}", Attributes=attributes)["QueueUrl"]
        self.queue: Queue = self.transport.queue(url)

    def task(
        self, schema: type[PubSubMessageSchema] = Number, **options: Any
    ) -> Callable[..., Task[..., Any]]:
        """Return a decorator that declares a task on the queue."""
        return task(schema, tasks=self.tasks, **options)

    def send(self, *numbers: int, group: str | None = None) -> None:
        """Send a `Number` message for each, in one batch."""
        self.send_bodies(*(body(NUMBER, number=number) for number in numbers), group=group)

    def send_all(self, numbers: Iterable[int]) -> None:
        """Send a `Number` message for each, one by one."""
        for number in numbers:
            self.send(number)

    def send_bodies(self, *bodies: str, group: str | None = None) -> None:
        entries = []
        for text in bodies:
            self._sequence += 1
            entries.append(Outgoing(text, group_id=group, deduplication_id=group and str(self._sequence)))
        self.queue.send(entries)

    def worker(self, queue: Queue | None = None, **options: Any) -> Worker:
        """Return a worker, not started. `options` are those of `Capacity` or of `Worker`."""
        own = {name: options.pop(name) for name in ("observers", "run_limit", "clock") if name in options}
        letters = options.pop("dead_letters", self.dead)
        queue = queue or self.queue
        return Worker(
            queue,
            Dispatcher(self.tasks, "default", fifo=queue.fifo, name=queue.name),
            dead_letters=dead_letter_target(letters, queue) if letters else None,
            capacity=Capacity(**options),
            **{"observers": [self.events], **own},
        )

    @contextmanager
    def running_worker(self, queue: Queue | None = None, **options: Any) -> Iterator[Worker]:
        """Run a worker within the block, and drain it at the end."""
        worker = self.worker(queue, **options)
        worker.start()
        try:
            yield worker
        finally:
            assert self.stop(worker), "the worker did not stop"

    def stop(self, worker: Worker) -> bool:
        """Drain a worker. A message ends its open poll, and is released."""
        worker.drain()
        self.send_bodies("the end", group="end" if self.queue.fifo else None)
        return worker.stop(PATIENCE)

    def messages_left(self) -> list[Record]:
        """Return the messages that can be received now, except those that ended polls."""
        return [record for record in self.queue.receive(10, 0, 0) if record.body != "the end"]

    def dead_letters(self) -> list[dict[str, Any]]:
        """Return the `dead_letter` attribute of each message in the dead-letter queue."""
        records = self.dead.receive(10, 0, 0)
        return [json.loads(str(record.attributes["dead_letter"].value)) for record in records]


def body(media_type: str = NUMBER, **content: Any) -> str:
    return json.dumps({"mediaType": media_type, "opaqueData": {}, **content})


def wait(event: Event) -> None:
    """Wait for an event. Fails after `PATIENCE` seconds."""
    assert event.wait(PATIENCE), "the event was not set in time"


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition that sends no event holds. Fails after `PATIENCE` seconds."""
    deadline = time.monotonic() + PATIENCE
    pause = Event()
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        pause.wait(0.002)


def worker_threads() -> set[str]:
    """Return the names of all threads of workers."""
    return {each.name for each in threads() if each.name.startswith("pubsub-")}


class FlakyQueue:
    """A queue whose calls raise the exceptions in `failing`, by name: `receive`, `delete` and so on."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.url, self.name, self.fifo = queue.url, queue.name, queue.fifo
        self.failing: dict[str, Exception] = {}
        self.calls: list[str] = []
        self.attempts: list[str | None] = []

    def receive(
        self, limit: int, wait: int, visibility: int | None, attempt_id: str | None = None
    ) -> list[Record]:
        self.attempts.append(attempt_id)
        self._call("receive")
        return self._queue.receive(limit, wait, visibility, attempt_id)

    def delete(self, handles: Sequence[str]) -> list[EntryFailure | None]:
        self._call("delete")
        return self._queue.delete(handles)

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> list[EntryFailure | None]:
        self._call("change_visibility")
        return self._queue.change_visibility(changes)

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        self._call("send")
        return self._queue.send(entries)

    def attributes(self) -> QueueAttributes:
        return self._queue.attributes()

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if (error := self.failing.get(name)) is not None:
            raise error
