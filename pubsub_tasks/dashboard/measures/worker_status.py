"""Reads the `/status` of workers and supervisors. What is missing or odd in an answer is left out. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...untrusted.printable import LONGEST_TEXT, cut
from ...untrusted.readable_times import format_time

_HANDLED = ("acked", "skipped", "dropped")


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A message that a handler works on; times in seconds."""

    task: str
    message_id: str
    attempt: int
    seconds: float
    lease_left: float
    lost: bool


@dataclass(frozen=True, slots=True)
class ServedQueueStatus:
    """A worker's work on one queue.

    Attributes:
        queue: the name by which SQS knows it.
        slots: handlers that can run at once.
        in_hand: messages received and not yet settled; they are in flight at SQS too.
        handled: messages settled for good since the start.
        troubles: what is wrong, in sentences.
    """

    queue: str
    slots: int
    in_hand: int
    handled: int
    retried: int
    dead_lettered: int
    draining: bool
    running: Sequence[RunningTask]
    troubles: Sequence[str]


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """One process of a worker.

    Attributes:
        name: its address and, below a supervisor, the name of the process.
        errors: the latest errors, each in one line.
        problem: why its status could not be read; empty if it could.
    """

    name: str
    pid: int | None = None
    version: str = ""
    queues: Sequence[ServedQueueStatus] = ()
    errors: Sequence[str] = ()
    problem: str = ""

    @property
    def troubles(self) -> list[str]:
        """Why its status could not be read, or what is wrong with its queues."""
        if self.problem:
            return [self.problem]
        return [f"{served.queue}: {trouble}" for served in self.queues for trouble in served.troubles]


def read_status(name: str, answer: Any, depth: int = 2) -> Iterator[WorkerProcess]:
    """The processes that an answer of `/status` tells of: one or, from a supervisor, several.

    A mapping may have the answers of several supervisors; `depth` is how many levels it may have.
    """
    if not isinstance(answer, Mapping):
        yield WorkerProcess(name, problem=cut(str(answer), LONGEST_TEXT) or "an empty answer")
    elif isinstance(answer.get("queues"), list):
        yield _process(name, answer)
    elif answer:
        for part, inner in answer.items():
            if depth:
                yield from read_status(f"{name} {part}", inner, depth - 1)
            else:
                yield WorkerProcess(f"{name} {part}", problem="this is not the /status of a worker")
    else:
        yield WorkerProcess(name, problem="no process runs")


def _process(name: str, answer: Mapping[str, Any]) -> WorkerProcess:
    queues = [_queue(each) for each in answer["queues"] if isinstance(each, Mapping)]
    errors = [_error(each) for each in _list(answer.get("errors"))]
    pid = answer.get("pid")
    return WorkerProcess(
        name, pid if isinstance(pid, int) else None, str(answer.get("version", "")), queues, errors
    )


def _queue(status: Mapping[str, Any]) -> ServedQueueStatus:
    running = [_running(each) for each in _list(status.get("running")) if isinstance(each, Mapping)]
    counts = _mapping(status.get("counts"))
    dead = sum(_count(value) for value in _mapping(counts.get("dead_lettered")).values())
    waiting = sum(_count(status.get(name)) for name in ("buffered", "waiting_in_hand", "settling"))
    return ServedQueueStatus(
        queue=str(status.get("queue", "")),
        slots=sum(_count(value) for value in _mapping(status.get("slots")).values()),
        in_hand=len(running) + waiting,
        handled=sum(_count(counts.get(name)) for name in _HANDLED) + dead,
        retried=_count(counts.get("retried")),
        dead_lettered=dead,
        draining=bool(status.get("draining")),
        running=running,
        troubles=[str(each) for each in _list(status.get("troubles"))],
    )


def _running(entry: Mapping[str, Any]) -> RunningTask:
    return RunningTask(
        str(entry.get("task") or "no task"),
        str(entry.get("message_id", "")),
        _count(entry.get("attempt")),
        _number(entry.get("seconds")),
        _number(entry.get("lease_left")),
        bool(entry.get("lost")),
    )


def _error(entry: Any) -> str:
    """Such as "2026-11-27 10:00:00 UTC, shop.bill: retry in 5.0 s: LookupError: no such customer"."""
    if not isinstance(entry, Mapping):
        return str(entry)
    told = ": ".join(str(entry[name]) for name in ("task", "verdict", "error", "text") if entry.get(name))
    at = _number(entry.get("at"))
    return f"{format_time(at)}, {told}" if at else told


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(value: Any) -> int:
    return int(_number(value))


def _number(value: Any) -> float:
    is_finite = isinstance(value, (int, float)) and abs(value) < 1e15
    return value if is_finite else 0
