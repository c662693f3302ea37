"""The callable behind a task: a function, or an instance of a handler class."""

import inspect
from collections.abc import Callable
from copy import copy
from typing import Any

from ..errors import ConfigurationError, Unbound
from .middleware import is_coroutine_function


class Handler:
    """A function, or a class of which one instance is called.

    Attributes:
        name: module and qualified name.
        factory: the class, or None for a function.
        is_async: whether calling it returns a coroutine.
        place: file and line of its definition, or None if unknown.

    Raises ConfigurationError for a generator function, whose body would never run, and for anything that
    cannot be called.
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
        """The callable. Raises Unbound for a class that needs arguments and has no instance yet."""
        if self._function is None:
            self._function = self._instance()
        return self._function

    def ready(self) -> None:
        """Make the instance of a class, if necessary. Raises Unbound as `function` does."""
        _ = self.function

    def resolve(self, instance: Callable[..., Any]) -> None:
        """Set the instance of the class, which an object graph made."""
        self._function = instance

    def anew(self) -> "Handler":
        """A copy of this handler; of a class, without an instance yet."""
        made = copy(self)
        made._function = None if self.factory else self._function
        return made

    def redeclares(self, other: "Handler") -> bool:
        """Whether this is the other handler again, from a module or notebook cell that was run a second time.

        Two functions of the same name in one file are different handlers.
        """
        if self.name != other.name or self.place is None or other.place is None:
            return False
        return self.place[0] != other.place[0] or self.place == other.place

    def _called(self, given: Callable[..., Any]) -> Callable[..., Any]:
        called = given if self.factory is None else _call_method(self.factory)
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
        required = _required_parameters(self.factory)
        if required:
            raise Unbound(
                f"{self.name} wants {', '.join(required)}: let an object graph make it, with @binding and "
                "graph.use(...)"
            )
        instance: Callable[..., Any] = self.factory()
        return instance


def _call_method(cls: type) -> Callable[..., Any] | None:
    """Return the `__call__` of instances. `cls.__call__` would find the metaclass's."""
    return next((vars(each)["__call__"] for each in cls.__mro__ if "__call__" in vars(each)), None)


def _required_parameters(cls: type) -> list[str]:
    return [
        parameter.name
        for parameter in inspect.signature(cls).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _place(function: Callable[..., Any]) -> tuple[str, int] | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return None if code is None else (code.co_filename, code.co_firstlineno)
