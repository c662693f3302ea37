"""Applies the guard against foreign queues in one worker: pauses its polls and logs the warning."""

from collections.abc import Callable

from ..dispatching.foreign_queue_guard import ForeignQueueGuard
from ..messages.delivery import Delivery
from ..untrusted.exceptions import SafeLogger
from ..verdicts import Verdict
from .coordinator import Coordinator

logger = SafeLogger(__name__)


class WorkerGuard:
    """The guard of one worker. Safe to share between threads.

    Args:
        queue: the name of the queue, for the log.
        guard: the guard to apply, or None if the worker is not guarded.
        coordinator: its lock protects the guard, and it pauses polls.
        wall: returns epoch seconds.

    Attributes:
        active: False once a message was handled, or without a guard.
        trouble: the last warning, or None; cleared when a message is handled.
    """

    def __init__(
        self, queue: str, guard: ForeignQueueGuard | None, coordinator: Coordinator, wall: Callable[[], float]
    ) -> None:
        self._queue = queue
        self._guard = guard
        self._coordinator = coordinator
        self._wall = wall
        self.active = guard is not None
        self.trouble: str | None = None

    def deactivate(self) -> None:
        """Record that a message was given to its task: the queue is the right one."""
        if self._guard is not None and self.active:
            self.active, self.trouble = False, None
            with self._coordinator as inflight:
                self._guard.message_handled()
                inflight.credit.one_at_a_time = False

    def review(self, delivery: Delivery, verdict: Verdict) -> Verdict:
        """Return the verdict on a delivery for which no task was called, perhaps a milder one."""
        if self._guard is None or not self.active:
            return verdict
        now = self._wall()
        with self._coordinator as inflight:
            verdict = self._guard.review(delivery, verdict, now)
            inflight.credit.one_at_a_time = self._guard.slow
            pause, warning = self._guard.pause, self._guard.warning(now)
        if pause and not self._coordinator.run_limit.until_empty:  # such a run ends by itself
            self._coordinator.pause_polls(pause)
        if warning:
            self.trouble = warning
            logger.error("%s: %s", self._queue, warning)
        return verdict
