"""Whether and when a failed delivery is retried. No I/O; the attempt and the time are parameters.

The strategies are tenacity's. They are called in tenacity's order (`retry`, `wait`, `stop`) with a
`RetryCallState` that has the attempt number and the time of the first receive; nothing here sleeps or loops.
If a strategy raises or returns an invalid value, the default strategy decides, since a message whose policy
is broken must not be lost.
"""

from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, TryAgain

from ..untrusted.exceptions import SafeLogger, reraise_interrupt, safe_repr
from ..verdicts import DeadLetter, Retry
from .retry_defaults import DEFAULT_STOP, DEFAULT_WAIT, retry_unless_permanent
from .retry_strategies import (
    Strategy,
    check_strategy,
    clamp_wait,
    considers_errors_only,
    max_attempts,
    set_error,
    set_result,
    state_at,
    wait_bounds,
)

logger = SafeLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to stop, how long to wait (seconds) and what to retry.

    By default five attempts, with waits of 1 to 900 seconds and jitter, after any exception but
    `MessageError` and `ConfigurationError`. Raises ConfigurationError for a strategy that is not callable or
    is a coroutine function.
    """

    stop: Strategy = DEFAULT_STOP
    wait: Strategy = DEFAULT_WAIT
    retry: Strategy = retry_unless_permanent

    def __post_init__(self) -> None:
        for role in ("stop", "wait", "retry"):
            check_strategy(role, getattr(self, role))

    @property
    def judges_results(self) -> bool:
        """Whether `retry` may retry after a handler that returned."""
        return not considers_errors_only(self.retry)

    @property
    def attempts(self) -> int | None:
        """The number of attempts that `stop` allows, or None if it has no fixed number."""
        return max_attempts(self.stop)

    def decide(
        self, error: BaseException, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter:
        """Decide about a delivery whose handler raised `error`. Times are epoch seconds."""
        state = self._state(attempt, first_received_at, now)
        set_error(state, error)
        if not issubclass(type(error), TryAgain) and not self._wants(state):
            return DeadLetter("failed", error)
        return self._again(state, error, None)

    def again(
        self, error: BaseException, after: float | None, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter:
        """Decide about a delivery whose handler asked for a retry; `after` is in seconds, or None."""
        state = self._state(attempt, first_received_at, now)
        set_error(state, error)
        try:
            seconds = None if after is None else clamp_wait(after)
        except BaseException as raised:  # an application's own signal, whose seconds are not a number
            reraise_interrupt(raised)
            seconds = None
        return self._again(state, error, seconds)

    def decide_result(
        self, result: object, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter | None:
        """Decide about a delivery whose handler returned `result`; None if the policy accepts the result."""
        state = self._state(attempt, first_received_at, now)
        set_result(state, result)
        return self._again(state, None, None) if self._wants(state) else None

    def exhausted_before(self, attempt: int) -> bool:
        """Whether the policy would have stopped before this attempt: then a worker crashed in the last one.

        Only the number of attempts counts. `stop` is called as if no time had passed, since the age of the
        message at the end of the previous attempt is unknown, and waiting in the queue is not a crash.
        """
        if attempt <= 1:
            return False
        try:
            return bool(self.stop(self._state(attempt - 1, 0.0, 0.0)))
        except BaseException as raised:  # a strategy that needs an outcome, which is not known yet
            reraise_interrupt(raised)
            return False

    def describe(self) -> str:
        """Return a description such as "5 attempts, 1s..900s"."""
        attempts = self.attempts
        number = "any number of" if attempts is None else str(attempts)
        waits = dict.fromkeys(f"{seconds:.10g}s" for seconds in wait_bounds(self.wait))
        return f"{number} attempt{'' if attempts == 1 else 's'}, {'..'.join(waits)}"

    def _state(self, attempt: int, first_received_at: float, now: float) -> RetryCallState:
        retrying = Retrying(stop=self.stop, wait=self.wait, retry=self.retry)
        return state_at(retrying, attempt, first_received_at, now)

    def _wants(self, state: RetryCallState) -> bool:
        try:
            return bool(self.retry(state))
        except BaseException as raised:
            _log_default("retry", self.retry, raised)
            return retry_unless_permanent(state)

    def _again(
        self, state: RetryCallState, error: BaseException | None, after: float | None
    ) -> Retry | DeadLetter:
        state.upcoming_sleep = self._seconds(state) if after is None else after
        return DeadLetter("exhausted", error) if self._stops(state) else Retry(state.upcoming_sleep, error)

    def _seconds(self, state: RetryCallState) -> float:
        try:
            return clamp_wait(self.wait(state))
        except BaseException as raised:
            _log_default("wait", self.wait, raised)
            return clamp_wait(DEFAULT_WAIT(state))

    def _stops(self, state: RetryCallState) -> bool:
        try:
            return bool(self.stop(state))
        except BaseException as raised:
            _log_default("stop", self.stop, raised)
            return DEFAULT_STOP(state)


def _log_default(role: str, strategy: Strategy, error: BaseException) -> None:
    reraise_interrupt(error)
    shown = safe_repr(strategy)
    logger.warning("the %s strategy %s failed; the default decides instead", role, shown, exc_info=error)
