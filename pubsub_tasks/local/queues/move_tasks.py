"""Message move tasks: move a dead-letter queue's messages back at a limited rate.

A task runs only when `advance` is called; it then moves what is due by `now`. A moved message gets a new id
and a new age, and keeps its body, attributes and group (DLQ redrive guide).
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..rules.limits import MOVES_PER_SECOND
from .queue import BrokerQueue
from .stored_message import StoredMessage

_KEPT = 10
_WAKE = 0.05  # so that a waiting receive is not woken for every single message


@dataclass(slots=True, eq=False)
class MoveTask:
    """Moves messages from a dead-letter queue to `destination`, or each to its source queue.

    Attributes:
        source: the dead-letter queue.
        rate: messages per second.
        requested_rate: the requested rate, or None for the default.
        to_move: number of messages in the queue at the start.
        status: RUNNING, then COMPLETED, CANCELLED or FAILED.
    """

    handle: str
    source: BrokerQueue
    destination: BrokerQueue | None
    requested_rate: int | None
    started_at: float
    to_move: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether the task has not ended yet."""
        return self.status == "RUNNING"

    @property
    def rate(self) -> int:
        """Messages per second."""
        return self.requested_rate or MOVES_PER_SECOND

    def wake_at(self, now: float) -> float:
        """When the next messages will have been moved (epoch seconds)."""
        return max(self.started_at + (self.moved + 1) / self.rate, now + _WAKE)

    def advance(self, find: Callable[[str], BrokerQueue | None], now: float) -> None:
        """Move what is due by `now`. `find` returns the queue of an ARN."""
        due = int((now - self.started_at) * self.rate + 0.001)
        while self.is_running and self.moved < due:
            message = self.source.first(now)
            if message is None:
                self.status = "COMPLETED"
            else:
                self._move(message, find, now)
        if self.is_running and self.source.first(now) is None:
            self.status = "COMPLETED"

    def _move(self, message: StoredMessage, find: Callable[[str], BrokerQueue | None], now: float) -> None:
        if self.destination is None and message.source_arn is None:
            self._fail("CouldNotDetermineMessageSource")
            return
        target = find(self.destination.arn if self.destination else message.source_arn or "")
        if target is None:
            self._fail("AWS.SimpleQueueService.NonExistentQueue")
            return
        self.source.withdraw()
        target.add_redriven(message, now)
        self.moved += 1

    def _fail(self, reason: str) -> None:
        self.status, self.failure = "FAILED", reason


class MoveTasks:
    """The move tasks of an account: the running ones, and the latest of each dead-letter queue."""

    def __init__(self) -> None:
        self.running: list[MoveTask] = []
        self._tasks: dict[str, list[MoveTask]] = {}

    def start(self, task: MoveTask) -> None:
        """Add a task; it runs from now on."""
        self.running.append(task)
        tasks = self._tasks.setdefault(task.source.name, [])
        tasks.insert(0, task)
        del tasks[_KEPT:]

    def of(self, queue_name: str) -> list[MoveTask]:
        """The tasks of a queue, latest first, at most ten (ListMessageMoveTasks)."""
        return self._tasks.get(queue_name, [])

    def find(self, handle: str) -> MoveTask | None:
        """The task with this handle, or None."""
        return next((t for tasks in self._tasks.values() for t in tasks if t.handle == handle), None)

    def advance(self, find: Callable[[str], BrokerQueue | None], now: float) -> None:
        """Advance all running tasks."""
        for task in self.running:
            if find(task.source.arn) is not task.source:
                task.status, task.failure = "FAILED", "AWS.SimpleQueueService.NonExistentQueue"
            else:
                task.advance(find, now)
        self.running = [task for task in self.running if task.is_running]

    def wake_at(self, queue: BrokerQueue, now: float) -> float | None:
        """When a task may next add a message to this queue (epoch seconds), or None."""
        return min((t.wake_at(now) for t in self.running if t.destination in (None, queue)), default=None)
