"""VirtualClock: time that passes when a test says so. Knows nothing of what is told the time."""

from threading import Lock


class VirtualClock:
    """A clock to give wherever `Callable[[], float]` is asked for; epoch seconds, and it never goes back."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._lock = Lock()

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> float:
        """Let `seconds` pass, and tell the new time. Raises ValueError when asked to go back."""
        if seconds < 0:
            raise ValueError(f"time does not go back: advance({seconds:g})")
        with self._lock:
            self._now += seconds
            return self._now
