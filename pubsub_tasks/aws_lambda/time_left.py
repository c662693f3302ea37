"""Decides whether another record can be handled before Lambda ends the invocation."""

from collections.abc import Callable
from typing import Any

from ..dispatching.dispatcher import HandlerCall


class TimeLeft:
    """The time left of one invocation.

    A handler starts if its time limit, or else the longest time that its task took in this invocation, is
    left, and `reserve` seconds beyond that for settling. The first one always starts: otherwise a task that
    needs more time than the function has would never be tried.

    Args:
        context: Lambda's context; without one, as in a test, there is no limit.
        reserve: seconds.
    """

    def __init__(self, context: Any, reserve: float) -> None:
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        self._remaining: Callable[[], float] = remaining if callable(remaining) else _no_limit
        self._reserve = reserve
        self._longest: dict[str, float] = {}
        self._opened = self._started = False

    def seconds(self) -> float:
        """Seconds left, less the reserve."""
        return self._remaining() / 1000 - self._reserve

    def opens(self) -> bool:
        """Whether another record can be looked at."""
        first, self._opened = not self._opened, True
        return first or self.seconds() > 0

    def allows(self, call: HandlerCall) -> bool:
        """Whether the handler of a record can be called."""
        if not self._started:
            self._started = True
            return True
        needed = self._longest.get(call.task.name, 0.0) if call.timeout is None else call.timeout
        return self.seconds() > needed

    def settles(self) -> bool:
        """Whether another call that settles can be made: half of the reserve is for the response."""
        return self.seconds() > -self._reserve / 2

    def took(self, call: HandlerCall, seconds: float) -> None:
        """Record how long a handler took."""
        self._longest[call.task.name] = max(seconds, self._longest.get(call.task.name, 0.0))


def _no_limit() -> float:
    return float("inf")
