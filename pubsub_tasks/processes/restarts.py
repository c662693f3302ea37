"""Decides whether and when a worker process that ended is started again."""

from dataclasses import dataclass

from ..batches.backoff import PROCESS_RESTARTS
from .exit_codes import BAD_INPUT, RECYCLE, SUCCESS

STEADY = 60.0
"""Seconds of uptime after which an exit no longer counts as a crash at startup."""

MAX_CRASHES = 5
"""Consecutive crashes, each within `STEADY` of its start, after which the process is not restarted."""


@dataclass(slots=True)
class Restarts:
    """Restart state of one process. `crashes` counts consecutive crashes at startup."""

    crashes: int = 0

    def delay_after(self, code: int, uptime: float) -> float | None:
        """Return the seconds until the restart, or None if the process is not restarted.

        Args:
            code: how the process ended: an exit code, or the negative number of a signal.
            uptime: seconds for which it ran.
        """
        if code in (SUCCESS, BAD_INPUT):
            return None
        if code == RECYCLE:
            return 0.0 if uptime >= 1 else 1.0
        self.crashes = 1 if uptime >= STEADY else self.crashes + 1
        if self.crashes > MAX_CRASHES:
            return None
        return PROCESS_RESTARTS.seconds(self.crashes)
