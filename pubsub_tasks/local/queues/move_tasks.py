"""Move tasks: a dead-letter queue's messages going back, a few at a time. Knows no request and no answer.

A task does not run by itself: whoever has the time tells it, and it moves what was due by then. A moved
message gets a new id and a new age; body, attributes and group stay (DLQ redrive guide).
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..rules.limits import MOVES_PER_SECOND
from .queue import BrokerQueue
from .stored_message import StoredMessage

_KEPT = 10
_WAKE = 0.05  # a waiting receiver need not be woken for every single message


@dataclass(slots=True, eq=False)
class MoveTask:
    """One run from a dead-letter queue to `destination`, or to where each message came from.

    Attributes:
        source: the dead-letter queue.
        rate: messages per second.
        told_rate: the rate that was asked for, None where the default applies.
        to_move: how many messages there were at the start.
        status: RUNNING, then COMPLETED, CANCELLED or FAILED.
    """

    handle: str
    source: BrokerQueue
    destination: BrokerQueue | None
    told_rate: int | None
    started_at: float
    to_move: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str | None = None

    @property
    def running(self) -> bool:
        """True until it ends in whatever way."""
        return self.status == "RUNNING"

    @property
    def rate(self) -> int:
        """Messages per second."""
        return self.told_rate or MOVES_PER_SECOND

    def wake_at(self, now: float) -> float:
        """When the next messages will have moved (epoch seconds)."""
        return max(self.started_at + (self.moved + 1) / self.rate, now + _WAKE)

    def advance(self, find: Callable[[str], BrokerQueue | None], now: float) -> None:
        """Move what is due by now; `find` gives the queue of an ARN."""
        due = int((now - self.started_at) * self.rate + 0.001)
        while self.running and self.moved < due:
            message = self.source.first(now)
            if message is None:
                self.status = "COMPLETED"
            else:
                self._move(message, find, now)
        if self.running and self.source.first(now) is None:
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
    """The move tasks of an account: those under way, and the latest of each dead-letter queue."""

    def __init__(self) -> None:
        self.under_way: list[MoveTask] = []
        self._tasks: dict[str, list[MoveTask]] = {}

    def start(self, task: MoveTask) -> None:
        """Let the task run from now on."""
        self.under_way.append(task)
        tasks = self._tasks.setdefault(task.source.name, [])
        tasks.insert(0, task)
        del tasks[_KEPT:]

    def of(self, queue_name: str) -> list[MoveTask]:
        """The tasks of a queue, latest first, at most ten (ListMessageMoveTasks)."""
        return self._tasks.get(queue_name, [])

    def find(self, handle: str) -> MoveTask | None:
        """The task with this handle."""
        return next((t for tasks in self._tasks.values() for t in tasks if t.handle == handle), None)

    def advance(self, find: Callable[[str], BrokerQueue | None], now: float) -> None:
        """Let all tasks move what is due."""
        for task in self.under_way:
            if find(task.source.arn) is not task.source:
                task.status, task.failure = "FAILED", "AWS.SimpleQueueService.NonExistentQueue"
            else:
                task.advance(find, now)
        self.under_way = [task for task in self.under_way if task.running]

    def wake_at(self, queue: BrokerQueue, now: float) -> float | None:
        """When a task may next bring something to this queue (epoch seconds)."""
        return min((t.wake_at(now) for t in self.under_way if t.destination in (None, queue)), default=None)
