"""RetryPolicy: whether and when a failed delivery is tried again. Pure: it is told the attempt and the time.

The strategies are tenacity's own. They are asked on a `RetryCallState` built by hand, in tenacity's order
(`retry`, then `wait`, then `stop`), with the receive count as attempt and the first receive as start; nothing
here sleeps or loops. A strategy that raises, or answers nonsense, is answered for by the default one: the
decision is total, since a message whose policy is broken must not be lost.
"""

from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, TryAgain

from ..untrusted.exceptions import SafeLogger, reraise_interrupt, safe_repr
from ..verdicts import DeadLetter, Retry
from .tenacity_strategies import (
    DEFAULT_STOP,
    DEFAULT_WAIT,
    Strategy,
    check_strategy,
    clamp_wait,
    considers_errors_only,
    max_attempts,
    retry_unless_permanent,
    set_error,
    set_result,
    state_at,
    wait_bounds,
)

logger = SafeLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to stop, how long to wait (seconds), what to retry.

    Without any: five attempts, waits of 1 to 900 seconds with jitter, any exception but `MessageError` and
    `ConfigurationError`. Raises ConfigurationError for a strategy that is not callable or is a coroutine.
    """

    stop: Strategy = DEFAULT_STOP
    wait: Strategy = DEFAULT_WAIT
    retry: Strategy = retry_unless_permanent

    def __post_init__(self) -> None:
        for role in ("stop", "wait", "retry"):
            check_strategy(role, getattr(self, role))

    @property
    def judges_results(self) -> bool:
        """Whether `retry` may ask for another attempt after a handler that returned."""
        return not considers_errors_only(self.retry)

    @property
    def attempts(self) -> int | None:
        """How many attempts `stop` allows, where a count can be read out of it."""
        return max_attempts(self.stop)

    def decide(
        self, error: BaseException, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter:
        """What becomes of a delivery whose handler raised `error`. Times are epoch seconds."""
        state = self._state(attempt, first_received_at, now)
        set_error(state, error)
        if not issubclass(type(error), TryAgain) and not self._wants(state):
            return DeadLetter("failed", error)
        return self._again(state, error, None)

    def again(
        self, error: BaseException, after: float | None, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter:
        """The same where the handler itself asked for another attempt, `after` so many seconds if it says."""
        state = self._state(attempt, first_received_at, now)
        set_error(state, error)
        try:
            seconds = None if after is None else clamp_wait(after)
        except BaseException as raised:  # a signal of somebody's own, that asks for no number
            reraise_interrupt(raised)
            seconds = None
        return self._again(state, error, seconds)

    def decide_result(
        self, result: object, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter | None:
        """What becomes of a delivery whose handler returned `result`; None when the policy is content."""
        state = self._state(attempt, first_received_at, now)
        set_result(state, result)
        return self._again(state, None, None) if self._wants(state) else None

    def exhausted_before(self, attempt: int) -> bool:
        """Whether an attempt before this one was the last, so that somebody did not live to report it.

        Only counts can tell. How old the message was when the attempt before ended is not known, and a
        message that waited its turn is not a crash, so `stop` is asked as if no time had passed.
        """
        if attempt <= 1:
            return False
        try:
            return bool(self.stop(self._state(attempt - 1, 0.0, 0.0)))
        except BaseException as raised:  # a strategy that needs an outcome cannot be asked beforehand
            reraise_interrupt(raised)
            return False

    def describe(self) -> str:
        """Such as "5 attempts, 1s..900s"."""
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
