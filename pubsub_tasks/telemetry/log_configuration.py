"""Configures logging for the commands without overriding the application's own configuration.

If the application gives the root logger handlers, they receive the lines of this package too; levels that it
sets are kept. What it leaves out is filled in. Lines that must not be lost go to standard error if its
configuration would drop them.
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
"""Libraries whose INFO and DEBUG lines say nothing about the application."""


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to the current `sys.stderr`, which tests and applications may redirect."""

    def __init__(self, formatter: logging.Formatter) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(formatter)

    @property
    def stream(self) -> Any:  # type: ignore[override]
        return sys.stderr


class _UntilConfigured(_StandardError):
    """Handles lines of this package until the root logger has a handler."""

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:  # type: ignore[override]
        return not logging.getLogger().handlers and bool(super().filter(record))


class Logging:
    """Logging of a command: call `begin` before importing the application and `complete` after it."""

    def __init__(self, format: str = TEXT, level: str = "INFO", process: str | None = None) -> None:
        """`process` is the name of this process, if there are several."""
        self._level = logging.getLevelName(level.upper())
        self._formatter = JsonFormatter(process) if format == JSON else TextFormatter(process)

    def begin(self) -> None:
        """Log lines of this package to standard error, and change nothing else.

        The root logger gets no handler yet: with one, `logging.basicConfig` in the application has no effect.
        """
        ours = _ours()
        ours.setLevel(self._level)
        _drop_provisional(ours)
        ours.addHandler(_UntilConfigured(self._formatter))
        last_resort.set_handler(_StandardError(self._formatter))

    def complete(self) -> None:
        """Enable this package's loggers, and configure what the application did not.

        `dictConfig` and `fileConfig` disable existing loggers that they do not name.
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
            # The application handles these itself.
            handler.addFilter(lambda record: not _is_ours(record.name))
        root.addHandler(handler)
        if root.level == logging.WARNING:  # the default, not chosen by the application
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
