"""Middleware: code that runs around every handler or every publish.

A middleware is a function `(call_next, context) -> result`. It may call `call_next(context)`, and returns the
result for the caller. A `def` middleware wraps plain tasks and publishes, and an `async def` one wraps
coroutine tasks. A registry with tasks of both kinds needs a pair.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import partial, reduce
from typing import Any, NamedTuple, Self

from ..errors import ConfigurationError

Next = Callable[[Any], Any]
Middleware = Callable[[Next, Any], Any]


def compose(middleware: Iterable[Middleware], innermost: Next) -> Next:
    """Compose middleware and the innermost callable into one callable. The first middleware is outermost."""
    return reduce(lambda inner, outer: partial(outer, inner), reversed(list(middleware)), innermost)


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether calling it returns a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - its class may define an async __call__
    )


def require_plain_function(middleware: Middleware, what: str) -> None:
    """Raise ConfigurationError for an `async def` function; `what` names what it would have to wrap."""
    if is_coroutine_function(middleware):
        raise ConfigurationError(
            f"{middleware!r} is a coroutine function, and {what} is called without a loop: use `def`"
        )


class Layer(NamedTuple):
    """One middleware around handlers: for plain tasks, for coroutine tasks, or a pair for both."""

    plain: Middleware | None = None
    coroutine: Middleware | None = None

    @classmethod
    def of(cls, middleware: Middleware, other: Middleware | None = None) -> Self:
        """Make a layer of one middleware or a pair. Raises ConfigurationError for two of one kind."""
        given = [middleware] if other is None else [middleware, other]
        kinds = {is_coroutine_function(each): each for each in given}
        if len(kinds) < len(given):
            raise ConfigurationError(
                f"{middleware!r} and {other!r} are of one kind: a pair is a `def` and an `async def`"
            )
        return cls(kinds.get(False), kinds.get(True))

    def check(self, task: str, is_async: bool) -> None:
        """Raise ConfigurationError if there is no middleware of the task's kind."""
        if (self.coroutine if is_async else self.plain) is None:
            missing, given = ("`async def`", "`def`") if is_async else ("`def`", "`async def`")
            raise ConfigurationError(
                f"middleware {self.plain or self.coroutine!r} is {given} and cannot wrap {task}, which is "
                f"{missing}: give both, as with tasks.use(plain, coroutine)"
            )
