"""Middleware: code around every handler or every publish. It may change behaviour, and never a guarantee.

A middleware is `(call_next, context) -> result`: it calls `call_next(context)` or does not, and returns what
the caller is to see. `def` wraps plain tasks and publishes, `async def` wraps coroutine tasks.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import partial, reduce
from typing import Any

from .errors import ConfigurationError

Next = Callable[[Any], Any]
Middleware = Callable[[Next, Any], Any]


def compose(middleware: Iterable[Middleware], innermost: Next) -> Next:
    """One callable of them all, the first outermost."""
    return reduce(lambda inner, outer: partial(outer, inner), reversed(list(middleware)), innermost)


def is_coroutine(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - its class may define an async __call__
    )


def refuse_coroutine(middleware: Middleware, what: str) -> None:
    """Raise ConfigurationError for an `async def` where only `def` can be called."""
    if is_coroutine(middleware):
        raise ConfigurationError(
            f"{middleware!r} is a coroutine function, and {what} is called without a loop"
        )
