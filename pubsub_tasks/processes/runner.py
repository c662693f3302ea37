"""Running: workers in this process, until a signal or until they are done. Knows no command line."""

import logging
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NamedTuple

from ..lifecycle import forks, last_resort
from ..lifecycle.leaving import HURRIED, LEAST, LONGEST
from ..worker.worker import Worker
from ..worker_health.status import counts
from .restarts import CRASHED, CUT, DONE, WORN
from .service import Service

logger = logging.getLogger(__name__)

LAST_WORDS = 2.0
"""Seconds given to releases and deletes in hand after a second signal."""

NOTHING_MORE = "nothing more to do"

LOOK = 0.1
"""Seconds between two looks at what nobody tells of."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """When to stop, beside signals.

    Attributes:
        grace: seconds for what runs to finish after the first signal.
        max_memory: bytes in use after which the process ends, to be started anew; None for any.
        is_over: tells that there is nothing more to wait for.
    """

    grace: float = 25.0
    max_memory: int | None = None
    is_over: Callable[[], bool] | None = None


class StopReason(NamedTuple):
    """Why to stop, and the exit code that it leads to. Without a text: one worker is done."""

    code: int
    text: str = ""
    is_signal: bool = False


class StopReasons:
    """Why to stop, as signals and workers give them: under any lock, and in signal handlers.

    Attributes:
        seconds_left: once `run` has returned, what the process may still take to end.
    """

    def __init__(self) -> None:
        self._given: SimpleQueue[StopReason] = SimpleQueue()
        self.seconds_left = 2 * LONGEST

    def give(self, reason: StopReason) -> None:
        """There is one more."""
        self._given.put(reason)

    def next(self, timeout: float | None) -> StopReason | None:
        """The next reason, or None when there was none within `timeout` seconds."""
        try:
            return self._given.get(timeout=timeout)
        except Empty:
            return None

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as reasons in this block."""
        with forks.handled_signals(dict.fromkeys((signal.SIGTERM, signal.SIGINT), self._take)):
            yield

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.give(StopReason(DONE, signal.Signals(number).name, is_signal=True))


def run(
    services: Sequence[Service],
    terms: RunOptions = RunOptions(),
    announce: Callable[[Sequence[Service]], None] = lambda services: None,
    reasons: StopReasons | None = None,
) -> int:
    """Serve until there is a reason to stop, then drain within the grace; returns the exit code.

    `announce` is called once signals are taken care of, before anything starts.
    """
    reasons = reasons or StopReasons()
    workers = [each.worker for each in services]
    with reasons.signals():
        announce(services)
        for worker in workers:
            _start(worker, reasons)
        code, text, _ = _wait(workers, terms, reasons)
        logger.info(
            "stopping: %s; open polls and what runs have %g s, and a second signal stops at once",
            text,
            terms.grace,
        )
        clean, crashed = _drain(workers, terms.grace, reasons)
    _tell(services)
    if not clean:
        logger.warning("some handlers were cut; their messages come back when their visibility runs out")
    return code or (CRASHED if crashed else DONE if clean else CUT)


def _tell(services: Sequence[Service]) -> None:
    """Log what each did, and whether a poll is cut."""
    for each in services:
        last_resort.log(
            logger,
            logging.INFO,
            "%s: %s",
            each.queue.name,
            each.worker.counters.describe(),
            extra={"queue": each.queue.name, "counts": counts(each.worker.counters)},
        )
        if each.worker.polls:
            logger.warning(
                "%s: a poll was cut after the grace; what it may still bring comes back after its visibility",
                each.queue.name,
            )


def _start(worker: Worker, reasons: StopReasons) -> None:
    worker.on_crash = lambda: reasons.give(StopReason(CRASHED, "a thread of the worker failed"))
    worker.on_worn = lambda why: reasons.give(StopReason(WORN, why))
    worker.on_finished = lambda: reasons.give(StopReason(DONE))
    worker.start()


def _wait(workers: Sequence[Worker], terms: RunOptions, reasons: StopReasons) -> StopReason:
    """The reason to stop."""
    finished = 0
    look = LOOK if terms.is_over else 10 * LOOK if terms.max_memory else None
    while True:
        given = reasons.next(look)
        if given is not None and given.text:
            return given
        finished += given is not None
        if finished >= len(workers):
            worn = any(worker.run_limit.worn for worker in workers)
            return (
                StopReason(WORN, "it is time for a new process") if worn else StopReason(DONE, NOTHING_MORE)
            )
        if terms.is_over is not None and terms.is_over():
            return StopReason(DONE, NOTHING_MORE)
        if terms.max_memory is not None and memory() > terms.max_memory:
            for worker in workers:
                worker.retire()


def _drain(workers: Sequence[Worker], grace: float, reasons: StopReasons) -> tuple[bool, bool]:
    """Whether all in hand was settled, and whether a worker failed meanwhile."""
    for worker in workers:
        worker.drain()
    ends_at = time.monotonic() + grace
    forced = crashed = False
    while not forced and time.monotonic() < ends_at and not all(worker.wait(0) for worker in workers):
        given = reasons.next(0.05)
        forced = given is not None and given.is_signal
        crashed = crashed or (given is not None and given.code == CRASHED)
    deadline = time.monotonic() + (LAST_WORDS if forced else 0)
    stopped = [worker.stop(max(0.0, deadline - time.monotonic())) for worker in workers]
    reasons.seconds_left = HURRIED if forced else max(LEAST, ends_at - time.monotonic())
    return all(stopped), crashed


def memory() -> int:
    """Bytes of memory that this process has in use."""
    try:
        with open("/proc/self/statm", encoding="ascii") as told:
            return int(told.read().split()[1]) * resource.getpagesize()
    except OSError:
        # Elsewhere only the most that it ever had is told; in bytes on macOS.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
