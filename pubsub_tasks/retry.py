"""RetryPolicy: whether and when a failed delivery is tried again. Pure: it is told the attempt and the time.

The strategies are tenacity's own. They are asked on a `RetryCallState` built by hand, in tenacity's order
(`retry`, then `wait`, then `stop`), with the receive count as attempt and the first receive as start; nothing
here sleeps or loops. A strategy that raises, or answers nonsense, is answered for by the default one: the
decision is total, since a message whose policy is broken must not be lost.
"""

import inspect
import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tenacity import (
    Future,
    RetryCallState,
    Retrying,
    TryAgain,
    retry_all,
    retry_any,
    retry_if_exception,
    retry_if_exception_cause_type,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    stop_all,
    stop_any,
    wait_exponential_jitter,
    wait_random,
)

from .errors import ConfigurationError, MessageError
from .verdicts import DeadLetter, Retry

logger = logging.getLogger(__name__)

Strategy = Callable[[RetryCallState], Any]

DEFAULT_ATTEMPTS = 5
LONGEST_WAIT = 1_209_600.0
"""Seconds, 14 days. Source: SQS API reference, MessageRetentionPeriod: no queue keeps a message longer."""

DEFAULT_STOP = stop_after_attempt(DEFAULT_ATTEMPTS)
DEFAULT_WAIT = wait_exponential_jitter(max=900)


def retry_unless_permanent(state: RetryCallState) -> bool:
    """The default `retry`: whatever was raised, but for what no repetition can mend; never a result."""
    error = state.outcome and state.outcome.exception()
    return error is not None and not isinstance(error, (MessageError, ConfigurationError))


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
            _check(role, getattr(self, role))

    @property
    def judges_results(self) -> bool:
        """Whether `retry` may ask for another attempt after a handler that returned."""
        return not _asks_only_of_errors(self.retry)

    @property
    def attempts(self) -> int | None:
        """How many attempts `stop` allows, where a count can be read out of it."""
        return _count(self.stop)

    def decide(
        self, error: BaseException, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter:
        """What becomes of a delivery whose handler raised `error`. Times are epoch seconds."""
        state = self._state(attempt, first_received_at, now)
        _fail(state, error)
        if not isinstance(error, TryAgain) and not self._wants(state):
            return DeadLetter("failed", error)
        return self._again(state, error, None)

    def again(
        self, error: BaseException, after: float | None, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter:
        """The same where the handler itself asked for another attempt, `after` so many seconds if it says."""
        state = self._state(attempt, first_received_at, now)
        _fail(state, error)
        return self._again(state, error, after)

    def decide_result(
        self, result: object, *, attempt: int, first_received_at: float, now: float
    ) -> Retry | DeadLetter | None:
        """What becomes of a delivery whose handler returned `result`; None when the policy is content."""
        state = self._state(attempt, first_received_at, now)
        state.outcome = Future(attempt)
        state.outcome.set_result(result)
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
        except Exception:  # a strategy that needs an outcome cannot be asked beforehand
            return False

    def describe(self) -> str:
        """Such as "5 attempts, 1s..900s"."""
        low, high = _bounds(self.wait)
        attempts = self.attempts
        count = "any number of" if attempts is None else str(attempts)
        count += " attempt" if attempts == 1 else " attempts"
        return f"{count}, {low:g}s" if low == high else f"{count}, {low:g}s..{high:g}s"

    def _state(self, attempt: int, first_received_at: float, now: float) -> RetryCallState:
        retrying = Retrying(stop=self.stop, wait=self.wait, retry=self.retry)
        state = RetryCallState(retrying, None, (), {})
        state.attempt_number = attempt
        state.start_time = min(first_received_at, now)
        state.outcome_timestamp = now
        return state

    def _wants(self, state: RetryCallState) -> bool:
        try:
            return bool(self.retry(state))
        except Exception:
            _log_default("retry", self.retry)
            return retry_unless_permanent(state)

    def _again(
        self, state: RetryCallState, error: BaseException | None, after: float | None
    ) -> Retry | DeadLetter:
        state.upcoming_sleep = self._seconds(state) if after is None else _clamped(after)
        return DeadLetter("exhausted", error) if self._stops(state) else Retry(state.upcoming_sleep, error)

    def _seconds(self, state: RetryCallState) -> float:
        try:
            return _clamped(self.wait(state))
        except Exception:
            _log_default("wait", self.wait)
            return _clamped(DEFAULT_WAIT(state))

    def _stops(self, state: RetryCallState) -> bool:
        try:
            return bool(self.stop(state))
        except Exception:
            _log_default("stop", self.stop)
            return DEFAULT_STOP(state)


def _fail(state: RetryCallState, error: BaseException) -> None:
    state.outcome = Future(state.attempt_number)
    state.outcome.set_exception(error)


def _clamped(seconds: float) -> float:
    number = float(seconds)
    if math.isnan(number):
        raise ValueError("a wait that is not a number")
    return min(max(0.0, number), LONGEST_WAIT)


def _log_default(role: str, strategy: Strategy) -> None:
    logger.warning("the %s strategy %r failed; the default decides instead", role, strategy, exc_info=True)


_EXAMPLES = {
    "stop": "stop_after_attempt(5)",
    "wait": "wait_exponential_jitter(max=900)",
    "retry": "retry_if_exception_type(OSError)",
}


def _check(role: str, strategy: object) -> None:
    if not callable(strategy):
        raise ConfigurationError(
            f"{role}={strategy!r} is no strategy: give one of tenacity's, such as {_EXAMPLES[role]}"
        )
    for part in _parts(strategy):
        if inspect.iscoroutinefunction(part) or inspect.iscoroutinefunction(type(part).__call__):
            raise ConfigurationError(
                f"{role}={strategy!r} is or holds a coroutine function, {part!r}: a policy is asked "
                "without an event loop, so write it with `def`"
            )


def _parts(strategy: Any) -> Iterator[Any]:
    """The strategy, and the callables that tenacity's own combinations hold inside."""
    yield strategy
    if type(strategy).__module__.partition(".")[0] != "tenacity":
        return
    for held in vars(strategy).values():
        for part in held if isinstance(held, (tuple, list)) else (held,):
            if callable(part) and not inspect.isclass(part):
                yield from _parts(part)


_ERRORS_ALONE: frozenset[object] = frozenset(
    {
        retry_if_exception,
        retry_if_exception_type,
        retry_if_not_exception_type,
        retry_if_exception_message,
        retry_if_exception_cause_type,
    }
)


def _asks_only_of_errors(strategy: Strategy) -> bool:
    if isinstance(strategy, (retry_any, retry_all)):
        return all(_asks_only_of_errors(part) for part in strategy.retries)
    return strategy is retry_unless_permanent or type(strategy) in _ERRORS_ALONE


def _count(stop: Strategy) -> int | None:
    if isinstance(stop, stop_after_attempt):
        return stop.max_attempt_number
    if not isinstance(stop, (stop_any, stop_all)):
        return None
    counts = [_count(part) for part in stop.stops]
    known = [count for count in counts if count is not None]
    if isinstance(stop, stop_any):
        return min(known, default=None)
    return max(known) if known and len(known) == len(counts) else None


def _bounds(wait: Strategy) -> tuple[float, float]:
    """Shortest and longest wait, in whole seconds, as far as the strategy lets itself be asked."""
    if isinstance(wait, wait_random):
        return wait.wait_random_min, wait.wait_random_max
    first, last = _sample(wait, 1), _sample(wait, 64)
    longest = getattr(wait, "max", last)
    return min(first, last), float(min(max(longest, first), LONGEST_WAIT))


def _sample(wait: Strategy, attempt: int) -> float:
    state = RetryPolicy(wait=wait)._state(attempt, 0.0, 0.0)
    _fail(state, Exception())
    try:
        return math.floor(_clamped(wait(state)))
    except Exception:
        return 0.0
