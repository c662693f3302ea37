"""Restarts: when a worker process that ended is started again. Pure: told how it ended and how old it was."""

from dataclasses import dataclass

DONE = 0
"""Exit code: it did what it was asked for."""

CUT = 1
"""Exit code: it was stopped, and what still ran had to be cut."""

BAD_INPUT = 2
"""Exit code: what the caller must mend; starting it again would change nothing."""

CRASHED = 70
"""Exit code: a fault of ours. Source: EX_SOFTWARE in sysexits.h."""

WORN = 75
"""Exit code: it wants to be a new process. Source: EX_TEMPFAIL in sysexits.h."""

STEADY = 60.0
"""Seconds after which a process that lived so long has not crashed at its start."""

CRASHES = 5
"""Crashes in a row, each within `STEADY` of its start, after which it is given up."""

LONGEST_PAUSE = 30.0
"""Seconds between two starts."""


@dataclass(slots=True)
class Restarts:
    """The starts of one process."""

    crashes: int = 0

    def ended(self, code: int, lived: float) -> float | None:
        """Seconds until it is started again, or None: never."""
        if code in (DONE, BAD_INPUT):
            return None
        if code == WORN:
            return 0.0 if lived >= 1 else 1.0
        self.crashes = 1 if lived >= STEADY else self.crashes + 1
        if self.crashes > CRASHES:
            return None
        return min(LONGEST_PAUSE, float(2 ** (self.crashes - 1)))
