"""A clock that a test advances."""

from threading import Lock


class VirtualClock:
    """A `Callable[[], float]` that returns epoch seconds and only moves when `advance` is called."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._lock = Lock()

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> float:
        """Move the clock by `seconds` and return the new time. Raises ValueError for negative seconds."""
        if not seconds >= 0:
            raise ValueError(f"time does not go back: advance({seconds:g})")
        with self._lock:
            self._now += seconds
            return self._now

    def advance_to(self, moment: float) -> None:
        """Move the clock to `moment` (epoch seconds), unless it is there or later already."""
        with self._lock:
            self._now = max(self._now, moment)
