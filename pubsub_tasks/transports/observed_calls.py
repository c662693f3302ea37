"""Reports the duration and outcome of API calls to observers."""

from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

from ..tasks.events import Called
from ..tasks.observers import Observers
from ..untrusted.exceptions import error_class

T = TypeVar("T")


def observe_call(observers: Observers, service: str, action: str, call: Callable[[], T]) -> T:
    """Make the call and report it as `Called`. Raises whatever the call raises."""
    began, outcome = perf_counter(), "ok"
    try:
        return call()
    except BaseException as error:
        outcome = str(getattr(error, "code", "")) or error_class(error)
        raise
    finally:
        observers.notify(Called(service, action, outcome, perf_counter() - began))
