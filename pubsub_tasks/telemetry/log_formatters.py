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
"""Characters. The end is kept, which has the innermost frames and the error."""

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {
    "message",
    "asctime",
    "taskName",
}
"""Attributes of every record; any other comes from `extra=`."""


class TextFormatter(logging.Formatter):
    """One line for each record, followed by an indented traceback if there is one.

    A line logged while a message is handled ends with the message's fields.
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
    """One JSON object a line, with times in UTC.

    Values of `extra=` have keys of their own, or `extra.<name>` if a standard key has that name.
    """

    converter: Callable[[float | None], time.struct_time] = time.gmtime

    def __init__(self, process: str | None = None) -> None:
        super().__init__()
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()  # also adds the fields of the message being handled
        line: dict[str, Any] = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            **self._process,
            "logger": record.name,
            "message": message,
        }
        failure = self._failure(record)
        own = () if not hasattr(record, "_error") else failure  # in both; `failure` has them in full
        for name, value in _extra(record).items():
            if name in own:
                continue
            line[f"extra.{name}" if name in line or name in failure else name] = value
        return _to_json(line | failure)

    def _failure(self, record: logging.LogRecord) -> dict[str, Any]:
        error = getattr(record, "_error", None) or (record.exc_info[1] if record.exc_info else None)
        fields: dict[str, Any] = {}
        if isinstance(error, BaseException):
            fields["error_type"] = error_name(error)
            fields["error_message"] = cut(error_text(error), LONGEST_TEXT)
            fields["traceback"] = cut_start(_traceback(self, error), LONGEST_TRACEBACK)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return fields


def _context(record: logging.LogRecord) -> str:
    fields = ((name, getattr(record, name, None)) for name in FIELDS)
    pairs = [f"{name}={printable(text_of(value))}" for name, value in fields if value is not None]
    return f" [{' '.join(pairs)}]" if pairs else ""


def _indented(text: str) -> list[str]:
    return [f"  {printable(line)}" for line in text.splitlines()]


def _traceback(formatter: logging.Formatter, error: BaseException) -> str:
    shown = printable_error(error)
    return formatter.formatException((type(shown), shown, traceback_of(error)))


def _extra(record: logging.LogRecord) -> Mapping[str, Any]:
    """The attributes of a record that are not standard. A leading underscore marks internal ones."""
    attributes = vars(record)
    own = {name: attributes[name] for name in FIELDS if attributes.get(name) is not None}
    return own | {
        name: value
        for name, value in attributes.items()
        if isinstance(name, str) and not (name in _STANDARD or name in FIELDS or name.startswith("_"))
    }


def _to_json(line: Mapping[str, Any]) -> str:
    """A JSON line; values that JSON cannot represent become text."""
    try:
        return json.dumps(line, default=text_of, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return json.dumps({name: _json_value(value) for name, value in line.items()})


def _json_value(value: Any) -> Any:
    try:
        json.dumps(value, default=text_of, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return text_of(value)
    return json.loads(json.dumps(value, default=text_of))
