"""Handler: what a task calls, a function or the instance of a class. Knows no message and no registry."""

import inspect
from collections.abc import Callable
from typing import Any

from ..errors import ConfigurationError, Unbound
from .middleware import is_coroutine_function


class Handler:
    """A function, or a class of which one instance will be called.

    Attributes:
        name: module and qualified name.
        factory: the class, or None for a function.
        is_async: whether calling it gives a coroutine.
        place: file and line where it is written, or None where that cannot be told.

    Raises ConfigurationError for what cannot handle anything: a generator function, whose body would never
    run, or a class whose instances cannot be called.
    """

    def __init__(self, given: Callable[..., Any]) -> None:
        if not callable(given):
            raise ConfigurationError(f"{given!r} cannot be called: decorate a function or a class")
        self.name = f"{given.__module__}.{getattr(given, '__qualname__', type(given).__qualname__)}"
        self.factory = given if isinstance(given, type) else None
        self._function = None if self.factory else given
        called = self._called(given)
        self.is_async = is_coroutine_function(called)
        self.place = _place(called)

    def __str__(self) -> str:
        return f"{self.name} ({self.place[0]}:{self.place[1]})" if self.place else self.name

    @property
    def function(self) -> Callable[..., Any]:
        """What to call. Raises Unbound where it is a class that nobody made an instance of."""
        if self._function is None:
            self._function = self._instance()
        return self._function

    def ready(self) -> None:
        """Make sure that there is something to call. Raises Unbound."""
        _ = self.function

    def resolve(self, instance: Callable[..., Any]) -> None:
        """Call this from now on: the instance that an object graph made of the class."""
        self._function = instance

    def redeclares(self, other: "Handler") -> bool:
        """Whether it is the other anew, from a module or a notebook's cell that was run again.

        A second function of the same name in the same file is another one.
        """
        if self.name != other.name or self.place is None or other.place is None:
            return False
        return self.place[0] != other.place[0] or self.place == other.place

    def _called(self, given: Callable[..., Any]) -> Callable[..., Any]:
        called = given if self.factory is None else _method(self.factory)
        if called is None:
            raise ConfigurationError(f"{self.name} handles nothing: give the class a __call__(self, content)")
        if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
            raise ConfigurationError(
                f"{self.name} is a generator function: calling it would run nothing, and the message would "
                "count as handled; do the work without `yield`"
            )
        return called

    def _instance(self) -> Callable[..., Any]:
        assert self.factory is not None
        wanted = _wanted(self.factory)
        if wanted:
            raise Unbound(
                f"{self.name} wants {', '.join(wanted)}: let an object graph make it, with @binding and "
                "graph.use(...)"
            )
        made: Callable[..., Any] = self.factory()
        return made


def _method(cls: type) -> Callable[..., Any] | None:
    """The `__call__` that instances have; asked of the class itself, any class would have its metaclass's."""
    return next((vars(each)["__call__"] for each in cls.__mro__ if "__call__" in vars(each)), None)


def _wanted(cls: type) -> list[str]:
    """What has to be given to make an instance."""
    return [
        parameter.name
        for parameter in inspect.signature(cls).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _place(function: Callable[..., Any]) -> tuple[str, int] | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return None if code is None else (code.co_filename, code.co_firstlineno)
