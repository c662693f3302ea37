"""Runs workers in the current process until a signal arrives or their work is done."""

import logging
import resource
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..lifecycle import last_resort
from ..lifecycle.bounded_exit import MIN_WAIT, WAIT_AFTER_SECOND_SIGNAL
from ..worker.worker import Worker
from ..worker_health.status import counts
from .exit_codes import CRASHED, INCOMPLETE, RECYCLE, SUCCESS
from .service import Service
from .stop_reasons import StopReason, StopReasons

logger = logging.getLogger(__name__)

FORCED_GRACE = 2.0
"""Seconds for pending releases and deletes to finish after a second signal."""

NOTHING_MORE = "nothing more to do"

POLL_INTERVAL = 0.1
"""Seconds between two checks of `RunOptions.is_over`."""

WAKE_INTERVAL = 1.0
"""Seconds after which the main thread wakes anyway.

It alone runs Python's signal handlers, and the system may deliver a signal to another thread, as while the
process is being continued after SIGSTOP.
"""


class RunOptions(NamedTuple):
    """When to stop, besides on signals.

    Attributes:
        grace: seconds for running handlers to finish after the first signal.
        max_memory: bytes in use above which the process stops with `RECYCLE`; None for no limit.
        is_over: returns True once there is no more work to wait for.
    """

    grace: float = 25.0
    max_memory: int | None = None
    is_over: Callable[[], bool] | None = None


UNTIL_A_SIGNAL = RunOptions()


def run(
    services: Sequence[Service],
    options: RunOptions = UNTIL_A_SIGNAL,
    announce: Callable[[Sequence[Service]], None] = lambda services: None,
    reasons: StopReasons | None = None,
) -> int:
    """Run workers until there is a reason to stop, drain them within the grace period, return the exit code.

    `announce` is called after the signal handlers are installed and before any worker starts.
    """
    reasons = reasons or StopReasons()
    workers = [each.worker for each in services]
    with reasons.from_signals():
        announce(services)
        for worker in workers:
            _start(worker, reasons)
        code, text, _ = _wait(workers, options, reasons)
        logger.info(
            "stopping: %s; open polls and running handlers have %g s, a second signal stops at once",
            text,
            options.grace,
        )
        clean, crashed = _drain(workers, options.grace, reasons)
    _log_results(services)
    if not clean:
        logger.warning("some handlers were cut; their messages come back after their visibility timeout")
    return code or (CRASHED if crashed else SUCCESS if clean else INCOMPLETE)


def _log_results(services: Sequence[Service]) -> None:
    """Log the counters of each worker, and whether one of its polls was cut."""
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
                "%s: a poll was cut after the grace period; messages that it still receives come back after "
                "their visibility timeout",
                each.queue.name,
            )


def _start(worker: Worker, reasons: StopReasons) -> None:
    worker.on_crash = lambda: reasons.add(StopReason(CRASHED, "a thread of the worker failed"))
    worker.on_recycle = lambda reason: reasons.add(StopReason(RECYCLE, reason))
    worker.on_finished = lambda: reasons.add(StopReason(SUCCESS))
    worker.start()


def _wait(workers: Sequence[Worker], options: RunOptions, reasons: StopReasons) -> StopReason:
    """Wait for a reason to stop, and return it."""
    finished = 0
    timeout = POLL_INTERVAL if options.is_over else WAKE_INTERVAL
    while True:
        reason = reasons.next(timeout)
        if reason is not None and reason.text:
            return reason
        finished += reason is not None
        if finished >= len(workers):
            if any(worker.run_limit.recycle for worker in workers):
                return StopReason(RECYCLE, "the process has reached its limit and is to be replaced")
            return StopReason(SUCCESS, NOTHING_MORE)
        if options.is_over is not None and options.is_over():
            return StopReason(SUCCESS, NOTHING_MORE)
        if options.max_memory is not None and memory() > options.max_memory:
            for worker in workers:
                worker.retire()


def _drain(workers: Sequence[Worker], grace: float, reasons: StopReasons) -> tuple[bool, bool]:
    """Drain the workers. Returns (everything in flight was settled, a worker crashed meanwhile)."""
    for worker in workers:
        worker.drain()
    ends_at = time.monotonic() + grace
    forced = crashed = False
    while not forced and time.monotonic() < ends_at and not all(worker.wait(0) for worker in workers):
        reason = reasons.next(0.05)
        if reason is not None:
            forced = reason.is_signal
            crashed = crashed or reason.code == CRASHED
    deadline = time.monotonic() + (FORCED_GRACE if forced else 0)
    stopped = [worker.stop(max(0.0, deadline - time.monotonic())) for worker in workers]
    reasons.seconds_left = WAIT_AFTER_SECOND_SIGNAL if forced else max(MIN_WAIT, ends_at - time.monotonic())
    return all(stopped), crashed


def memory() -> int:
    """Return the bytes of memory that this process uses."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        # Without /proc only the peak is available; in bytes on macOS.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
