"""Warns before the retention period of a queue deletes messages that no worker handled."""

from collections.abc import Callable, Iterable

from ..untrusted.exceptions import SafeLogger
from ..wire.records import Record

logger = SafeLogger(__name__)

SHARE = 0.75
"""Share of the retention period at whose age a message is warned about."""

WARNING_INTERVAL = 600.0
"""Seconds between two warnings."""

DAY = 86_400


class RetentionWarning:
    """Checks the age of received messages.

    Args:
        queue: the name of the queue.
        retention: seconds for which the queue keeps a message, if known.
        wall: returns epoch seconds.
    """

    def __init__(self, queue: str, retention: int | None, wall: Callable[[], float]) -> None:
        self._queue = queue
        self._retention = retention
        self._wall = wall
        self._silent_until = 0.0

    def check(self, records: Iterable[Record]) -> None:
        """Log a warning if the oldest of these messages is close to the end of its retention."""
        if not self._retention:
            return
        now = self._wall()
        oldest = min((record.sent_at for record in records if record.sent_at), default=now)
        if now - oldest < SHARE * self._retention or now < self._silent_until:
            return
        self._silent_until = now + WARNING_INTERVAL
        logger.warning(
            "%s: received a message that is %.1f days old, and the queue deletes messages after %.1f days: "
            "raise its retention, or handle messages sooner",
            self._queue,
            (now - oldest) / DAY,
            self._retention / DAY,
        )
