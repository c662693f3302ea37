"""Describe and log exceptions raised by application code, whatever their methods do.

`str()` of such an exception, its attributes and even its `__class__` may raise, including `SystemExit` and
`KeyboardInterrupt`. Except for `reraise_interrupt`, nothing here raises.
"""

import logging
from sys import exc_info
from threading import current_thread, main_thread
from traceback import TracebackException
from types import TracebackType
from typing import Any

_TRACEBACK = BaseException.__dict__["__traceback__"]
_NAME, _MODULE = type.__dict__["__qualname__"], type.__dict__["__module__"]
"""Slots of the base classes: reading through them runs no code of the exception's own class."""

_STANDARD_LIBRARY = logging.__file__.removesuffix("logging/__init__.py")

NO_TEXT = "(the error cannot be written as text)"


class UnprintableError(Exception):
    """Stands in for an exception that cannot be printed; `kind` is the class of the original."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"{error_name(error)}: {error_text(error)}")
        self.kind = type(error)
        self.with_traceback(traceback_of(error))


def printable_error(error: BaseException) -> BaseException:
    """Return the error, or an UnprintableError if its text, class, cause or truth value raises."""
    try:
        for read in (str, repr, bool, hash):
            read(error)
        isinstance(error, UnprintableError)  # reads `__class__`, which may be a property that raises
        list(TracebackException(type(error), error, None, limit=0, lookup_lines=False).format())
    except BaseException as raised:
        reraise_interrupt(raised)
        return UnprintableError(error)
    return error


def error_text(error: BaseException) -> str:
    """Return `str(error)`, or a fixed text if that raises."""
    try:
        return str.__str__(str(error))  # a plain str, even if `__str__` returned a subclass
    except BaseException as raised:
        reraise_interrupt(raised)
        return NO_TEXT


def safe_repr(value: object) -> str:
    """Return `repr(value)`, or the name of its class if that raises."""
    try:
        return str.__str__(repr(value))
    except BaseException as raised:
        reraise_interrupt(raised)
        return f"<{_NAME.__get__(type(value))}>"


def error_name(error: BaseException) -> str:
    """Return the qualified name of the error's class, such as `shop.errors.OutOfStock`.

    Built-in exceptions are named without their module.
    """
    kind = error.kind if type(error) is UnprintableError else type(error)
    name, module = str(_NAME.__get__(kind)), _MODULE.__get__(kind)
    return name if module == "builtins" or not isinstance(module, str) else f"{module}.{name}"


def error_class(error: BaseException) -> str:
    """Return the name of the error's class without its module: `OutOfStock`."""
    return error_name(error).rpartition(".")[2]


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return the error's traceback, without running code of its class."""
    trace: TracebackType | None = _TRACEBACK.__get__(error)
    return trace


def cut_own_frames(error: BaseException) -> None:
    """Drop this package's frames from the start of the traceback, so that it starts in application code.

    An error raised by this package itself keeps all its frames.
    """
    trace = traceback_of(error)
    while trace is not None and _is_own_frame(trace):
        trace = trace.tb_next
    if trace is not None:
        _TRACEBACK.__set__(error, trace)


def line_of(error: BaseException) -> str:
    """Return the module and line at fault, such as `shop.tasks:43`; empty if all of it is in this package.

    It is the last line of the traceback that is outside installed packages and the standard library or, if
    all of it is inside, the first.
    """
    found, trace = "", traceback_of(error)
    while trace is not None:
        if not (_is_own_frame(trace) or (found and _is_installed(trace.tb_frame.f_code.co_filename))):
            found = f"{_module_of(trace)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def _is_installed(file: str) -> bool:
    return (
        file.startswith((_STANDARD_LIBRARY, "<frozen")) or "site-packages" in file or "dist-packages" in file
    )


def _is_own_frame(trace: TracebackType) -> bool:
    return _module_of(trace).partition(".")[0] == __name__.partition(".")[0]


def _module_of(trace: TracebackType) -> str:
    name = trace.tb_frame.f_globals.get("__name__")
    return name if isinstance(name, str) else "?"


def reraise_interrupt(error: BaseException) -> None:
    """Raise the error again if it is a Ctrl-C, that is, a KeyboardInterrupt in the main thread.

    Python delivers SIGINT to the main thread only: in any other thread, application code raised it.
    """
    if type(error) is KeyboardInterrupt and current_thread() is main_thread():
        raise error


def is_cancellation(error: BaseException) -> bool:
    """Whether the error ends a coroutine from outside: it was cancelled, or closed."""
    from asyncio import CancelledError

    return issubclass(type(error), CancelledError | GeneratorExit)


class SafeLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose calls never raise, whatever its handlers, filters and arguments do.

    The worker's own threads use it: they must not end because a line could not be written.
    """

    def __init__(self, name: str) -> None:
        super().__init__(logging.getLogger(name))

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        error = exc_info()[1] if kwargs.get("exc_info") is True else kwargs.get("exc_info")
        kwargs["exc_info"] = printable_error(error) if error is not None else None
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        try:
            self.logger.log(level, msg, *args, **kwargs)
        except BaseException as raised:
            reraise_interrupt(raised)
