"""Logging: events as log lines, and the two formats of our own commands. Knows handlers' outcomes by verdict.

The library only ever logs to loggers under `pubsub_tasks`; `configure` is for our commands, and leaves the
handlers of an application that has set up logging itself alone.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from threading import Lock
from typing import TextIO

from ..errors import UnknownMediaType
from ..events import Event, Lost, Published, Settled
from ..odd_errors import error_class, error_text
from ..verdicts import Ack, DeadLetter, Drop, Hold, Hopped, Release, Retry, Verdict

logger = logging.getLogger("pubsub_tasks.messages")

TEXT, JSON = "text", "json"

MOST_UNKNOWN = 1_000
"""Media types that nobody here handles, each told once; whoever may publish could think of more."""

LONGEST_NAME = 256
"""Characters of a media type that nobody knows, in what is said of it."""


class Watch:
    """An observer that logs what a reader should know: failures as warnings or errors, success for debugging.

    A media type that no task here handles, and that is left to workers that may, is one warning: a rolling
    deploy would fill the log otherwise. Beyond `MOST_UNKNOWN` types they are for debugging alone.
    """

    def __init__(self) -> None:
        self._unknown: set[str] = set()
        self._lock = Lock()

    def __call__(self, event: Event) -> None:
        match event:
            case Settled(task=None, verdict=Retry(error=UnknownMediaType())):
                self._left_alone(event)
            case Settled():
                _settled(event, _LEVELS[type(event.verdict)])
            case Lost():
                logger.warning(
                    "lease lost on message %s: another worker may have it",
                    event.delivery.id,
                    extra=_extra(event),
                )
            case Published():
                logger.debug("published %s as message %s", event.media_type, event.message_id)

    def _left_alone(self, event: Settled) -> None:
        media_type = (event.delivery.media_type or "")[:LONGEST_NAME]
        with self._lock:
            new = media_type not in self._unknown and len(self._unknown) < MOST_UNKNOWN
            self._unknown |= {media_type} if new else set()
        if new:
            logger.warning(
                "no task on %s handles %s: its messages are left for workers that do, until an hour after "
                "they first came; this is said once",
                event.queue,
                media_type,
                extra=_extra(event),
            )
        _settled(event, logging.DEBUG)


observe = Watch()
"""The process's own."""


def _settled(event: Settled, level: int) -> None:
    verdict = event.verdict
    if not logger.isEnabledFor(level):
        return
    error = getattr(verdict, "error", None)
    logger.log(
        level,
        "%s: %s, message %s, attempt %d, after %.3f s%s",
        event.task or event.delivery.media_type or "unreadable",
        describe(verdict),
        event.delivery.id,
        event.delivery.attempt,
        event.seconds,
        f": {error_class(error)}: {error_text(error)}" if error is not None else "",
        extra=_extra(event) | {"task": event.task, "verdict": describe(verdict), "seconds": event.seconds},
        exc_info=error if error is not None and logger.isEnabledFor(logging.DEBUG) else None,
    )


_LEVELS: dict[type[Verdict], int] = {
    Ack: logging.DEBUG,
    Hold: logging.DEBUG,
    Hopped: logging.DEBUG,
    Retry: logging.WARNING,
    DeadLetter: logging.ERROR,
    Drop: logging.WARNING,
    Release: logging.INFO,
}


def describe(verdict: Verdict) -> str:
    """A verdict in words, such as "retry in 3.5 s" or "dead letter (invalid)"."""
    match verdict:
        case Hold(after):
            return f"not due for {after:.0f} s"
        case Hopped():
            return "not due, sent on"
        case Ack(skipped=True):
            return "skipped"
        case Ack():
            return "done"
        case Retry(after):
            return f"retry in {after:.1f} s"
        case DeadLetter(reason):
            return f"dead letter ({reason})"
        case Drop(reason):
            return f"dropped ({reason})"
        case Release():
            return "released"


def configure(
    format: str = TEXT, level: str = "INFO", stream: TextIO = sys.stderr, process: str | None = None
) -> None:
    """Log to `stream` in this format, unless the application has given the root logger handlers already.

    `process` is this one's name where there are several.
    """
    root = logging.getLogger()
    logging.getLogger("pubsub_tasks").setLevel(level.upper())
    if root.handlers:
        return
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(process) if format == JSON else TextFormatter(process))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)


class TextFormatter(logging.Formatter):
    """One line a record, for people."""

    def __init__(self, process: str | None = None) -> None:
        name = f"{process.replace('%', '%%')}: " if process else ""
        super().__init__(f"%(asctime)s %(levelname)-7s {name}%(message)s", "%Y-%m-%d %H:%M:%S")


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines; times in UTC."""

    FIELDS = ("queue", "media_type", "message_id", "attempt", "task", "verdict", "seconds")
    converter: Callable[[float | None], time.struct_time] = time.gmtime

    def __init__(self, process: str | None = None) -> None:
        super().__init__()
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            **self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in self.FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _extra(event: Settled | Lost) -> dict[str, object]:
    return {
        "queue": event.queue,
        "media_type": event.delivery.media_type,
        "message_id": event.delivery.id,
        "attempt": event.delivery.attempt,
    }
