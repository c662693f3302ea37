"""The retry policy of a task that declares none: five attempts, 1 to 900 s apart, after most exceptions."""

from tenacity import (
    RetryCallState,
    stop_after_attempt,
    wait_exponential_jitter,
)

from ..errors import ConfigurationError, MessageError

DEFAULT_STOP = stop_after_attempt(5)


DEFAULT_WAIT = wait_exponential_jitter(max=900)


def retry_unless_permanent(state: RetryCallState) -> bool:
    """The default `retry`: retry after any exception but MessageError and ConfigurationError."""
    error = state.outcome and state.outcome.exception()
    return error is not None and not issubclass(type(error), (MessageError, ConfigurationError))
