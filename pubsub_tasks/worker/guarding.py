"""Guarding: asks a worker's `Guard` under the station's lock, and carries out the pauses and the log line."""

from collections.abc import Callable

from ..dispatching.foreign_queue_guard import Guard
from ..messages.delivery import Delivery
from ..untrusted.exceptions import SafeLogger
from ..verdicts import Verdict
from .coordinator import Coordinator

logger = SafeLogger(__name__)


class Guarding:
    """Safe to share between threads. `trouble` is the last warning, until a message is handled.

    Args:
        queue: its name, for the log.
        guard: None for a worker that is not guarded.
        wall: epoch seconds.
    """

    def __init__(
        self, queue: str, guard: Guard | None, coordinator: Coordinator, wall: Callable[[], float]
    ) -> None:
        self._queue = queue
        self._guard = guard
        self._coordinator = coordinator
        self._wall = wall
        self.on = guard is not None
        self.trouble: str | None = None

    def handled(self) -> None:
        """A message was given to its task."""
        if self._guard is not None and self.on:
            self.on, self.trouble = False, None
            with self._coordinator as inflight:
                self._guard.handled()
                inflight.credit.one_at_a_time = False

    def decided(self, delivery: Delivery, verdict: Verdict) -> Verdict:
        """What becomes of a delivery for which no task was called."""
        if self._guard is None or not self.on:
            return verdict
        now = self._wall()
        with self._coordinator as inflight:
            verdict = self._guard.decided(delivery, verdict, now)
            inflight.credit.one_at_a_time = self._guard.slow
            seconds, warning = self._guard.pause, self._guard.warning(now)
        if seconds and not self._coordinator.run_limit.until_empty:  # a run that ends by itself need not wait
            self._coordinator.pause_polls(seconds)
        if warning:
            self.trouble = warning
            logger.error("%s: %s", self._queue, warning)
        return verdict
