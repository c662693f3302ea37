"""Rates and errors of the last minute, for /status."""

import heapq
from collections import Counter, deque
from collections.abc import Callable
from threading import Lock
from typing import Any

from ..tasks.events import Event, Settled
from ..untrusted.exceptions import error_class, error_text
from ..untrusted.printable import LONGEST_ID, LONGEST_TEXT, cut
from ..verdicts import Retry, Verdict
from .log_observer import describe

WINDOW = 60
"""Seconds over which rates are measured."""

MAX_ERRORS = 10
"""Number of recent errors that are kept."""


class RecentActivity:
    """An observer of rates by task, recent errors, and messages that wait for a retry.

    `clock` returns epoch seconds.
    """

    kinds = (Settled,)

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started_at = clock()
        self._lock = Lock()
        self._seconds: deque[tuple[int, Counter[str]]] = deque()
        self._errors: deque[dict[str, Any]] = deque(maxlen=MAX_ERRORS)
        self._retry_times: list[float] = []

    def __call__(self, event: Event) -> None:
        """Record a settled message; other events are ignored."""
        if not isinstance(event, Settled):
            return
        now = self._clock()
        with self._lock:
            self._count(event.task or "no task", int(now))
            if isinstance(event.verdict, Retry):
                self._drop_past_retries(now)
                heapq.heappush(self._retry_times, now + event.verdict.after)
            if (error := getattr(event.verdict, "error", None)) is not None:
                self._errors.append(_error_entry(event, event.verdict, error, now))

    def _count(self, task: str, second: int) -> None:
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append((second, Counter()))
            while self._seconds[0][0] <= second - WINDOW:
                self._seconds.popleft()
        self._seconds[-1][1][task] += 1

    def _drop_past_retries(self, now: float) -> None:
        while self._retry_times and self._retry_times[0] <= now:
            heapq.heappop(self._retry_times)

    def status(self) -> dict[str, Any]:
        """The activity as JSON types."""
        now = self._clock()
        with self._lock:
            self._drop_past_retries(now)
            counts: Counter[str] = Counter()
            for second, handled in self._seconds:
                if second > now - WINDOW:
                    counts.update(handled)
            seconds = max(1.0, min(WINDOW, now - self._started_at))
            return {
                "per_second": {task: round(count / seconds, 3) for task, count in sorted(counts.items())},
                "sleeping": len(self._retry_times),
                "errors": list(self._errors),
            }


def _error_entry(event: Settled, verdict: Verdict, error: BaseException, now: float) -> dict[str, Any]:
    return {
        "at": now,
        "task": event.task,
        "message_id": cut(event.delivery.id, LONGEST_ID),
        "attempt": event.delivery.attempt,
        "verdict": describe(verdict),
        "error": error_class(error),
        "text": cut(error_text(error), LONGEST_TEXT),
    }
