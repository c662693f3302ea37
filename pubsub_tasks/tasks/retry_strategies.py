"""Validates tenacity's strategies, and reads from them what can be known without calling them."""

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

from tenacity import (
    Future,
    RetryCallState,
    Retrying,
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
    wait_exponential,
    wait_exponential_jitter,
    wait_random,
    wait_random_exponential,
)

from ..errors import ConfigurationError
from ..wire.records import MAX_RETENTION
from .retry_defaults import retry_unless_permanent

Strategy = Callable[[RetryCallState], Any]

LONGEST_WAIT = float(MAX_RETENTION)
"""Seconds: no queue keeps a message longer."""


def state_at(retrying: Retrying, attempt: int, first_received_at: float, now: float) -> RetryCallState:
    """Return the state to call strategies with, without an outcome. Times are epoch seconds."""
    state = RetryCallState(retrying, None, (), {})
    state.attempt_number = attempt
    state.start_time = min(first_received_at, now)
    state.outcome_timestamp = now
    return state


def set_error(state: RetryCallState, error: BaseException) -> None:
    """Set an error as the outcome."""
    state.outcome = Future(state.attempt_number)
    state.outcome.set_exception(error)


def set_result(state: RetryCallState, result: object) -> None:
    """Set a result as the outcome."""
    state.outcome = Future(state.attempt_number)
    state.outcome.set_result(result)


def clamp_wait(seconds: float) -> float:
    """Limit a wait to 0 to LONGEST_WAIT seconds. Raises TypeError or ValueError if it is not a number."""
    number = float(seconds)
    if math.isnan(number):
        raise ValueError("a wait that is not a number")
    return min(max(0.0, number), LONGEST_WAIT)


_EXAMPLES = {
    "stop": "stop_after_attempt(5)",
    "wait": "wait_exponential_jitter(max=900)",
    "retry": "retry_if_exception_type(OSError)",
}


def check_strategy(role: str, strategy: object) -> None:
    """Raise ConfigurationError if a strategy is not callable or is or contains a coroutine function."""
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
    """Yield the strategy and the callables inside of tenacity's own combinations."""
    yield strategy
    if type(strategy).__module__.partition(".")[0] != "tenacity":
        return
    for value in vars(strategy).values():
        for part in value if isinstance(value, (tuple, list)) else (value,):
            if callable(part) and not inspect.isclass(part):
                yield from _parts(part)


_ERROR_STRATEGIES: frozenset[object] = frozenset(
    {
        retry_if_exception,
        retry_if_exception_type,
        retry_if_not_exception_type,
        retry_if_exception_message,
        retry_if_exception_cause_type,
    }
)


def considers_errors_only(strategy: Strategy) -> bool:
    """Whether a `retry` is known to accept every result."""
    if isinstance(strategy, (retry_any, retry_all)):
        return all(considers_errors_only(part) for part in strategy.retries)
    return strategy is retry_unless_permanent or type(strategy) in _ERROR_STRATEGIES


def max_attempts(stop: Strategy) -> int | None:
    """Return how many attempts a `stop` allows, or None if that cannot be read from it."""
    if isinstance(stop, stop_after_attempt):
        return stop.max_attempt_number
    if not isinstance(stop, (stop_any, stop_all)):
        return None
    counts = [max_attempts(part) for part in stop.stops]
    known = [each for each in counts if each is not None]
    if isinstance(stop, stop_any):
        return min(known, default=None)
    return max(known) if known and len(known) == len(counts) else None


def wait_bounds(wait: Strategy) -> tuple[float, float]:
    """Return the shortest and longest wait in seconds; of an unknown strategy, those of sample attempts."""
    if isinstance(wait, wait_random):
        return wait.wait_random_min, wait.wait_random_max
    if isinstance(wait, wait_random_exponential):
        return wait.min, clamp_wait(wait.max)
    first, last = _sample(wait, 1), _sample(wait, 64)
    if isinstance(wait, (wait_exponential, wait_exponential_jitter)):
        last = clamp_wait(wait.max)
    return min(first, last), last


def _sample(wait: Strategy, attempt: int) -> float:
    state = state_at(Retrying(wait=wait), attempt, 0.0, 0.0)
    set_error(state, Exception())
    try:
        seconds = clamp_wait(wait(state))
    except Exception:
        return 0.0
    return math.floor(seconds) if seconds > 1 else seconds  # fractions of a second may be jitter
