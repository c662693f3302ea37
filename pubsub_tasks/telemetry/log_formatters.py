"""Formats log records as text or JSON. The manual (`logging-and-observers`) lists the keys of JSON."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..messages.current_message import FIELDS, has_message_fields
from ..untrusted.exceptions import error_name, error_text, printable_error, traceback_of
from ..untrusted.printable import LONGEST_TEXT, cut, cut_start, printable, text_of

LONGEST_TRACEBACK = 16_384
"""Characters; the innermost frames and the error itself are at the end, which is kept."""

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {
    "message",
    "asctime",
    "taskName",
}
"""Attributes that every record has; whatever else it has is from `extra=`."""


class TextFormatter(logging.Formatter):
    """One line a record, for people; a traceback follows on lines that are indented.

    A record that is logged while a message is handled ends with that message's fields.
    """

    def __init__(self, process: str | None = None) -> None:
        name = f"{process.replace('%', '%%')}: " if process else ""
        super().__init__(f"%(asctime)s %(levelname)-7s {name}%(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        is_of_handler = has_message_fields(record)
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        lines = [printable(self.formatMessage(record)) + (_context(record) if is_of_handler else "")]
        if record.exc_info and record.exc_info[0]:
            lines += _indented(cut_start(self.formatException(record.exc_info), LONGEST_TRACEBACK))
        if record.stack_info:
            lines += _indented(record.stack_info)
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines; times in UTC.

    What `extra=` gives stands beside our own keys; where it has the name of one of those, as `extra.<name>`.
    """

    converter: Callable[[float | None], time.struct_time] = time.gmtime

    def __init__(self, process: str | None = None) -> None:
        super().__init__()
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()  # adds the fields of the message that is handled
        line: dict[str, Any] = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            **self._process,
            "logger": record.name,
            "message": message,
        }
        failure = self._failure(record)
        own = () if not hasattr(record, "_error") else failure  # told in both, and in full here
        for name, value in _extra(record).items():
            if name in own:
                continue
            line[f"extra.{name}" if name in line or name in failure else name] = value
        return _written(line | failure)

    def _failure(self, record: logging.LogRecord) -> dict[str, Any]:
        error = getattr(record, "_error", None) or (record.exc_info[1] if record.exc_info else None)
        told: dict[str, Any] = {}
        if isinstance(error, BaseException):
            told["error_type"] = error_name(error)
            told["error_message"] = cut(error_text(error), LONGEST_TEXT)
            told["traceback"] = cut_start(_traceback(self, error), LONGEST_TRACEBACK)
        if record.stack_info:
            told["stack"] = record.stack_info
        return told


def _context(record: logging.LogRecord) -> str:
    told = ((name, getattr(record, name, None)) for name in FIELDS)
    pairs = [f"{name}={printable(text_of(value))}" for name, value in told if value is not None]
    return f" [{' '.join(pairs)}]" if pairs else ""


def _indented(text: str) -> list[str]:
    return [f"  {printable(line)}" for line in text.splitlines()]


def _traceback(formatter: logging.Formatter, error: BaseException) -> str:
    told = printable_error(error)
    return formatter.formatException((type(told), told, traceback_of(error)))


def _extra(record: logging.LogRecord) -> Mapping[str, Any]:
    """What the record has beside the standard; names that begin with an underscore are internal."""
    given = vars(record)
    own = {name: given[name] for name in FIELDS if given.get(name) is not None}
    return own | {
        name: value
        for name, value in given.items()
        if isinstance(name, str) and not (name in _STANDARD or name in FIELDS or name.startswith("_"))
    }


def _written(line: Mapping[str, Any]) -> str:
    """JSON, whatever is in it: a value that is none is written as text."""
    try:
        return json.dumps(line, default=text_of, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return json.dumps({name: _value(value) for name, value in line.items()})


def _value(value: Any) -> Any:
    try:
        json.dumps(value, default=text_of, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return text_of(value)
    return json.loads(json.dumps(value, default=text_of))
