"""Counted: a worker's queue that counts its calls, and the goal that its deletes are counted against."""

import logging
import multiprocessing.dummy
import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

from pubsub_tasks.processes.service import ServiceOptions, create_service
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.wire.records import EntryFailure, Outgoing, QueueAttributes, Record, Sent
from pubsub_tasks.worker.worker import Worker


class Goal:
    """So many deletes by all that share it: threads, or processes of the `multiprocessing` context given."""

    def __init__(self, messages: int, context: Any = multiprocessing.dummy) -> None:
        self.messages = messages
        self.reached = context.Event()
        self._lock = context.Lock()
        self._deleted = context.Value("q", 0, lock=False)
        self._reached_at = context.Value("d", 0.0, lock=False)

    @property
    def deleted(self) -> int:
        return self._deleted.value  # type: ignore[no-any-return]

    @property
    def reached_at(self) -> float:
        """By `time.perf_counter`."""
        return self._reached_at.value  # type: ignore[no-any-return]

    def add(self, deleted: int) -> None:
        with self._lock:
            self._deleted.value += deleted
            if self.deleted >= self.messages and not self.reached.is_set():
                self._reached_at.value = time.perf_counter()
                self.reached.set()


class Counted:
    """A queue that counts its calls, and adds its deletes to a goal."""

    def __init__(self, queue: Any, goal: Goal) -> None:
        self._queue = queue
        self._goal = goal
        self._lock = Lock()
        self.calls = 0
        self.url, self.name, self.fifo = queue.url, queue.name, queue.fifo

    def receive(self, *args: Any) -> list[Record]:
        self._called()
        return self._queue.receive(*args)  # type: ignore[no-any-return]

    def delete(self, handles: Sequence[str]) -> list[EntryFailure | None]:
        self._called()
        answers: list[EntryFailure | None] = self._queue.delete(handles)
        self._goal.add(sum(answer is None for answer in answers))
        return answers

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> list[EntryFailure | None]:
        self._called()
        return self._queue.change_visibility(changes)  # type: ignore[no-any-return]

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        raise RuntimeError("a benchmark has no dead letters")

    def attributes(self) -> QueueAttributes:
        return self._queue.attributes()  # type: ignore[no-any-return]

    def _called(self) -> None:
        with self._lock:
            self.calls += 1


def counted_worker(
    tasks: Tasks, url: str, goal: Goal, options: ServiceOptions, threads: int
) -> tuple[Worker, Counted]:
    """A worker of these tasks, not started, and its queue."""
    transport = AwsTransport(ClientSettings(max_pool_connections=threads))
    queues: list[Counted] = []

    class Counting:
        features = transport.features
        queue_url = transport.queue_url
        publisher = transport.publisher

        def queue(self, url: str) -> Counted:
            queues.append(Counted(transport.queue(url), goal))
            return queues[-1]

    # It would warn that there are no dead letters, between the tables.
    logging.getLogger(create_service.__module__).setLevel(logging.ERROR)
    return create_service(Counting(), tasks, url, options).worker, queues[0]
