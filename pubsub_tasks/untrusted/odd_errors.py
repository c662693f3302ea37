"""Odd errors: exceptions of other people's code, described and logged whatever their methods do.

`str()` of an exception, its attributes and even its class may raise, `SystemExit` and `KeyboardInterrupt`
included. Nothing here raises but `pass_interrupt`. Knows no message and no thread of the worker's.
"""

import logging
from sys import exc_info
from threading import current_thread, main_thread
from traceback import TracebackException
from types import TracebackType
from typing import Any

_TRACEBACK = BaseException.__dict__["__traceback__"]
_NAME, _MODULE = type.__dict__["__qualname__"], type.__dict__["__module__"]
"""Read through these, no method of the exception's class runs."""

NO_TEXT = "(the error cannot be written as text)"


class OddError(Exception):
    """Stands for an exception that cannot be described; `kind` is its class."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"{error_name(error)}: {error_text(error)}")
        self.kind = type(error)
        self.with_traceback(traceback_of(error))


def described(error: BaseException) -> BaseException:
    """The error itself, or an OddError in its place where its text, class, cause or truth value raises."""
    try:
        for read in (str, repr, bool, hash):
            read(error)
        isinstance(error, OddError)  # for any other class this asks for `__class__`
        list(TracebackException(type(error), error, None, limit=0, lookup_lines=False).format())
    except BaseException as raised:
        pass_interrupt(raised)
        return OddError(error)
    return error


def error_text(error: BaseException) -> str:
    """`str(error)`, or a fixed text where that raises."""
    try:
        return str.__str__(str(error))  # a plain str, of whatever class the text is
    except BaseException as raised:
        pass_interrupt(raised)
        return NO_TEXT


def safe_repr(value: object) -> str:
    """`repr(value)`, or the name of its class where that raises."""
    try:
        return str.__str__(repr(value))
    except BaseException as raised:
        pass_interrupt(raised)
        return f"<{_NAME.__get__(type(value))}>"


def error_name(error: BaseException) -> str:
    """The qualified name of its class, such as `shop.errors.OutOfStock`; builtins without their module."""
    kind = error.kind if type(error) is OddError else type(error)
    name, module = str(_NAME.__get__(kind)), _MODULE.__get__(kind)
    return name if module == "builtins" or not isinstance(module, str) else f"{module}.{name}"


def error_class(error: BaseException) -> str:
    """The same without the module: `OutOfStock`."""
    return error_name(error).rpartition(".")[2]


def traceback_of(error: BaseException) -> TracebackType | None:
    """Where it was raised."""
    trace: TracebackType | None = _TRACEBACK.__get__(error)
    return trace


def cut_own_frames(error: BaseException) -> None:
    """Let the error's traceback begin in the code that we called: drop the frames of this package before it.

    An error that was raised here keeps all its frames.
    """
    trace = traceback_of(error)
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    if trace is not None:
        _TRACEBACK.__set__(error, trace)


def _is_ours(trace: TracebackType) -> bool:
    name = trace.tb_frame.f_globals.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] == __name__.partition(".")[0]


def pass_interrupt(error: BaseException) -> None:
    """Raise it again where somebody pressed Ctrl-C, which only the main thread is told of.

    A KeyboardInterrupt in any other thread was raised by the code that runs there.
    """
    if type(error) is KeyboardInterrupt and current_thread() is main_thread():
        raise error


class GuardedLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose calls do not raise, whatever its handlers, filters and arguments do.

    For the worker's own threads, which must not end because a line could not be written.
    """

    def __init__(self, name: str) -> None:
        super().__init__(logging.getLogger(name))

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        error = exc_info()[1] if kwargs.get("exc_info") is True else kwargs.get("exc_info")
        kwargs["exc_info"] = described(error) if error is not None else None
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        try:
            self.logger.log(level, msg, *args, **kwargs)
        except BaseException as raised:
            pass_interrupt(raised)
