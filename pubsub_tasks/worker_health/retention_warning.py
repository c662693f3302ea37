"""Warns before a queue's retention deletes messages that nobody handled."""

from collections.abc import Callable, Iterable

from ..untrusted.exceptions import SafeLogger
from ..wire.records import Record

logger = SafeLogger(__name__)

SHARE = 0.75
"""Of its queue's retention, the age at which a message is in danger."""

QUIET = 600.0
"""Seconds between two warnings."""

DAY = 86_400


class RetentionWarning:
    """Watches the ages of what is received. `seconds`: how long the queue keeps a message, if known."""

    def __init__(self, queue: str, seconds: int | None, wall: Callable[[], float]) -> None:
        self._queue = queue
        self._seconds = seconds
        self._wall = wall
        self._quiet_until = 0.0

    def look(self, records: Iterable[Record]) -> None:
        """At what was just received."""
        if not self._seconds:
            return
        now = self._wall()
        oldest = min((record.sent_at for record in records if record.sent_at), default=now)
        if now - oldest < SHARE * self._seconds or now < self._quiet_until:
            return
        self._quiet_until = now + QUIET
        logger.warning(
            "%s: a message came that is %.1f days old, and the queue forgets it after %.1f: raise its "
            "retention, or handle what is there sooner",
            self._queue,
            (now - oldest) / DAY,
            self._seconds / DAY,
        )
