"""Tracks whether one kind of call fails at present: what is logged, and how long to wait between tries."""

from collections.abc import Callable
from threading import Lock

from ..batches.backoff import CALLS
from ..untrusted.exceptions import SafeLogger, error_class, error_text, reraise_interrupt
from ..untrusted.printable import LONGEST_TEXT, cut

logger = SafeLogger(__name__)

STEADY = 30.0
"""Seconds without a failure after which a call that failed repeatedly counts as working."""

UNREADY_AFTER = 60.0
"""Seconds of failing receives after which a worker is not ready; throttling and failovers are shorter."""


class CallHealth:
    """The health of one kind of call. Safe to share between threads.

    Logs when the call starts to fail, when it fails in another way, and when it works again.

    Args:
        call: the kind of call, such as "receiving from orders".
        clock: returns seconds that never go back.
        jitter: returns a random number from 0 to 1.

    Attributes:
        failing: whether the call fails at present.
    """

    def __init__(self, call: str, clock: Callable[[], float], jitter: Callable[[], float]) -> None:
        self._call = call
        self._clock = clock
        self._jitter = jitter
        self._lock = Lock()
        self._logged_kinds: set[str] = set()
        self._failures_in_a_row = 0
        self._row_started_at = 0.0
        self._failures = 0
        self._started_at = 0.0
        self._last_failure_at = 0.0
        self._ended_at = -STEADY
        self._is_flapping = False
        self._last_error = ""
        self.failing = False

    @property
    def trouble(self) -> str | None:
        """The text of the last error while the call fails, or None."""
        return self._last_error if self.failing else None

    @property
    def failing_for(self) -> float:
        """Seconds since the first of the failures in a row was called; 0 after a success."""
        with self._lock:
            return self._clock() - self._row_started_at if self._failures_in_a_row else 0.0

    def record_failure(self, error: BaseException, called_at: float | None = None) -> float:
        """Record a failure and return the seconds to wait before the next try.

        `called_at` is when the call was made, for calls that may take long to fail.
        """
        kind, text = code_of(error) or error_class(error), cut(error_text(error), LONGEST_TEXT)
        with self._lock:
            now = self._last_failure_at = self._clock()
            self._last_error = text
            if not self.failing:
                self._begin(now)
            if not self._failures_in_a_row:
                self._row_started_at = now if called_at is None else called_at
            self._failures += 1
            self._failures_in_a_row += 1
            is_new = kind not in self._logged_kinds
            self._logged_kinds.add(kind)
            wait = CALLS.seconds(self._failures_in_a_row, self._jitter())
            is_flapping = self._is_flapping
        if is_new:
            fails = "fails now and then" if is_flapping else "fails"
            logger.warning("%s %s, and is tried again until it works: %s", self._call, fails, text)
        return wait

    def record_success(self) -> None:
        """Record a success. A call that fails now and then works again only after `STEADY` seconds."""
        if not self.failing:
            return
        with self._lock:
            self._failures_in_a_row = 0
            now = self._clock()
            if not self.failing or (self._is_flapping and now - self._last_failure_at < STEADY):
                return
            self.failing, self._ended_at = False, now
            count, seconds = self._failures, now - self._started_at
        failures = "1 failure" if count == 1 else f"{count} failures"
        logger.warning("%s works again after %s in %.1f s", self._call, failures, seconds)

    def _begin(self, now: float) -> None:
        self.failing, self._started_at, self._failures = True, now, 0
        self._is_flapping = now - self._ended_at < STEADY
        self._logged_kinds.clear()


def code_of(error: BaseException) -> str:
    """Return the error code of the service, or an empty string if the error has none."""
    try:
        code = getattr(error, "code", "")
    except BaseException as raised:
        reraise_interrupt(raised)
        return ""
    return code if isinstance(code, str) else ""
