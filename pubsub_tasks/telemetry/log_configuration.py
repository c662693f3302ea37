"""Configure: logging for our commands, beneath whatever an application configures itself.

The application's configuration wins: where it gives the root logger handlers, they take our lines too, and
where it sets a level, that holds. What it leaves out is filled in. Lines that must reach somebody go to
standard error where its configuration would drop them (`last_resort`).
"""

import logging
import sys
from typing import Any, TextIO

from ..lifecycle import last_resort
from ..messages.current_message import install_record_factory
from .log_formatters import JsonFormatter, TextFormatter

TEXT, JSON = "text", "json"

OURS = "pubsub_tasks"

CHATTY = ("asyncio", "boto3", "botocore", "kombu", "s3transfer", "urllib3", "uvicorn")
"""Libraries below this one, whose INFO and DEBUG lines tell nothing of an application."""


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to standard error as it is at each line, which tests and applications may redirect."""

    def __init__(self, formatter: logging.Formatter) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(formatter)

    @property
    def stream(self) -> Any:  # type: ignore[override]
        return sys.stderr


class _UntilConfigured(_StandardError):
    """Takes our lines as long as nobody has given the root logger a handler."""

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:  # type: ignore[override]
        return not logging.getLogger().handlers and bool(super().filter(record))


class Logging:
    """The logging of one command: `begin` before the application is imported, `complete` after it was."""

    def __init__(self, format: str = TEXT, level: str = "INFO", process: str | None = None) -> None:
        """`process` is this one's name where there are several."""
        self._level = logging.getLevelName(level.upper())
        self._formatter = JsonFormatter(process) if format == JSON else TextFormatter(process)

    def begin(self) -> None:
        """Log our own lines to standard error, and touch nothing else.

        The root logger stays as it is, since `logging.basicConfig` has no effect once that has a handler.
        """
        ours = _ours()
        ours.setLevel(self._level)
        _drop_provisional(ours)
        ours.addHandler(_UntilConfigured(self._formatter))
        last_resort.set_handler(_StandardError(self._formatter))

    def complete(self) -> None:
        """Undo what silences our loggers, and fill in what the application did not configure.

        `dictConfig` and `fileConfig` disable all loggers that exist and that they do not name.
        """
        install_record_factory()
        for name, logger in list(logging.root.manager.loggerDict.items()):
            if isinstance(logger, logging.Logger) and _is_ours(name):
                logger.disabled = False
        _drop_provisional(_ours())
        root = logging.getLogger()
        if root.handlers:
            return
        handler = _StandardError(self._formatter)
        if any(not isinstance(each, logging.NullHandler) for each in _ours().handlers):
            handler.addFilter(lambda record: not _is_ours(record.name))  # the application took these itself
        root.addHandler(handler)
        if root.level == logging.WARNING:  # nobody chose it
            root.setLevel(self._level)
        for name in CHATTY:
            if logging.getLogger(name).level == logging.NOTSET:
                logging.getLogger(name).setLevel(max(logging.WARNING, self._level))


def _ours() -> logging.Logger:
    return logging.getLogger(OURS)


def _drop_provisional(ours: logging.Logger) -> None:
    ours.handlers[:] = [each for each in ours.handlers if not isinstance(each, _UntilConfigured)]


def _is_ours(name: str) -> bool:
    return f"{name}.".startswith(f"{OURS}.")
