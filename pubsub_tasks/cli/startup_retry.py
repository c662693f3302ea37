"""Starting: what needs an answer of the service before a worker can run, tried until it gives one."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import ConfigurationError, TransportError
from ..wire.records import INTERVENTION_CODES
from ..worker_health.call_health import CallHealth

Made = TypeVar("Made")


def patiently(make: Callable[[], Made], sleep: Callable[[float], None] = time.sleep) -> Made:
    """What `make` returns, once the service answers; each wait is longer, up to half a minute.

    Signals keep their default effect: SIGTERM ends the process at once, since it holds no message.

    Raises ConfigurationError for what a person must mend, such as denied access.
    """
    call_health = CallHealth("starting", time.monotonic, random.random)
    while True:
        try:
            made = make()
        except TransportError as error:
            if error.code in INTERVENTION_CODES:
                raise ConfigurationError(str(error)) from error
            sleep(call_health.record_failure(error))
        else:
            call_health.record_success()
            return made
