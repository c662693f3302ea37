"""Retries calls that a worker needs to start, until the service answers."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import ConfigurationError, TransportError
from ..wire.records import INTERVENTION_CODES
from ..worker_health.call_health import CallHealth

Result = TypeVar("Result")


def retry_until_answered(call: Callable[[], Result], sleep: Callable[[float], None] = time.sleep) -> Result:
    """Call until there is no TransportError, and return the result. Waits grow to half a minute.

    Signals keep their default effect: SIGTERM ends the process at once, since no message is in flight.

    Raises ConfigurationError for errors that need a person, such as denied access.
    """
    call_health = CallHealth("starting", time.monotonic, random.random)
    while True:
        try:
            result = call()
        except TransportError as error:
            if error.code in INTERVENTION_CODES:
                raise ConfigurationError(str(error)) from error
            sleep(call_health.record_failure(error))
        else:
            call_health.record_success()
            return result
