"""Middleware: code around every handler or every publish. It may change behaviour, and never a guarantee.

A middleware is `(call_next, context) -> result`: it calls `call_next(context)` or does not, and returns what
the caller is to see. `def` wraps plain tasks and publishes, `async def` wraps coroutine tasks. Neither can
stand in for the other: a registry that has tasks of both kinds takes them in pairs.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, Self

from ..errors import ConfigurationError

Next = Callable[[Any], Any]
Middleware = Callable[[Next, Any], Any]


def compose(middleware: Iterable[Middleware], innermost: Next) -> Next:
    """One callable of them all, the first outermost."""
    return reduce(lambda inner, outer: partial(outer, inner), reversed(list(middleware)), innermost)


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - its class may define an async __call__
    )


def require_plain_function(middleware: Middleware, what: str) -> None:
    """Raise ConfigurationError for an `async def` where only `def` can be called."""
    if is_coroutine_function(middleware):
        raise ConfigurationError(
            f"{middleware!r} is a coroutine function, and {what} is called without a loop: use `def`"
        )


@dataclass(frozen=True, slots=True)
class Layer:
    """One middleware around handlers: for plain tasks, for coroutine tasks, or a pair of them for both."""

    plain: Middleware | None = None
    coroutine: Middleware | None = None

    @classmethod
    def of(cls, middleware: Middleware, other: Middleware | None = None) -> Self:
        """Raises ConfigurationError for two of one kind."""
        given = [middleware] if other is None else [middleware, other]
        kinds = {is_coroutine_function(each): each for each in given}
        if len(kinds) < len(given):
            raise ConfigurationError(
                f"{middleware!r} and {other!r} are of one kind: a pair is a `def` and an `async def`"
            )
        return cls(kinds.get(False), kinds.get(True))

    def check(self, task: str, is_async: bool) -> None:
        """Raise ConfigurationError where there is nothing of the task's kind."""
        if (self.coroutine if is_async else self.plain) is None:
            missing, there = ("`async def`", "`def`") if is_async else ("`def`", "`async def`")
            raise ConfigurationError(
                f"middleware {self.plain or self.coroutine!r} is {there} and cannot wrap {task}, which is "
                f"{missing}: give both, as with tasks.use(plain, coroutine)"
            )
