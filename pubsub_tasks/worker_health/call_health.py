"""CallHealth: one kind of call that may fail for a while, told when that starts and when it ends.

It decides how long to wait between tries and whether a failure is news; it refuses to know what is tried.
"""

from collections.abc import Callable
from threading import Lock

from ..batches.backoff import CALLS
from ..untrusted.exceptions import SafeLogger, error_class, error_text, reraise_interrupt
from ..untrusted.printable import LONGEST_TEXT, cut

logger = SafeLogger(__name__)

STEADY = 30.0
"""Seconds without a failure after which a call that failed again and again is taken to work."""


class CallHealth:
    """The state of one kind of call, such as "receiving from orders". Safe to share between threads."""

    def __init__(self, what: str, clock: Callable[[], float], jitter: Callable[[], float]) -> None:
        self._what = what
        self._clock = clock
        self._jitter = jitter
        self._lock = Lock()
        self._seen: set[str] = set()
        self._in_a_row = 0
        self._failures = 0
        self._since = 0.0
        self._failed_at = 0.0
        self._row_since = 0.0
        self._ended_at = -STEADY
        self._flickers = False
        self._last = ""
        self.on = False

    @property
    def last(self) -> str | None:
        """What went wrong last, while it lasts."""
        return self._last if self.on else None

    @property
    def seconds(self) -> float:
        """Seconds since the first of the failures in a row began; 0 once a call has succeeded."""
        with self._lock:
            return self._clock() - self._row_since if self._in_a_row else 0.0

    def failed(self, error: BaseException, began: float | None = None) -> float:
        """It failed; returns the seconds to wait before the next try. A new kind of failure is news too.

        `began` is when the call was made, for calls that may take long to fail.
        """
        kind, text = code_of(error) or error_class(error), cut(error_text(error), LONGEST_TEXT)
        with self._lock:
            now = self._failed_at = self._clock()
            self._last = text
            if not self.on:
                self._begin(now)
            if not self._in_a_row:
                self._row_since = now if began is None else began
            self._failures += 1
            self._in_a_row += 1
            news = kind not in self._seen
            self._seen.add(kind)
            wait = CALLS.seconds(self._in_a_row, self._jitter())
            flickers = self._flickers
        if news:
            often = "fails now and then" if flickers else "fails"
            logger.warning("%s %s, and is tried again until it works: %s", self._what, often, text)
        return wait

    def succeeded(self) -> None:
        """It works."""
        if not self.on:
            return
        with self._lock:
            self._in_a_row = 0
            now = self._clock()
            if not self.on or (self._flickers and now - self._failed_at < STEADY):
                return
            self.on, self._ended_at = False, now
            count, seconds = self._failures, now - self._since
        failures = "1 failure" if count == 1 else f"{count} failures"
        logger.warning("%s works again after %s in %.1f s", self._what, failures, seconds)

    def _begin(self, now: float) -> None:
        self.on, self._since, self._failures = True, now, 0
        self._flickers = now - self._ended_at < STEADY
        self._seen.clear()


def code_of(error: BaseException) -> str:
    """The service's own code of an error; empty where it has none."""
    try:
        code = getattr(error, "code", "")
    except BaseException as raised:
        reraise_interrupt(raised)
        return ""
    return code if isinstance(code, str) else ""
