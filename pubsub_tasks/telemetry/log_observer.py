"""Logs the events of tasks to the logger `pubsub_tasks.messages`."""

import logging
from threading import Lock
from typing import Any

from ..celery_messages.celery_message import is_celery
from ..errors import UnknownMediaType
from ..lifecycle import last_resort
from ..messages.current_message import CurrentMessage
from ..tasks.events import Event, Lost, Published, Settled
from ..untrusted.exceptions import error_class, error_name, error_text, line_of
from ..untrusted.printable import LONGEST_ID, LONGEST_TEXT, printable, text_of
from ..verdicts import Ack, DeadLetter, Drop, Forward, Forwarded, Postpone, Postponed, Release, Retry, Verdict

logger = logging.getLogger("pubsub_tasks.messages")

MAX_UNKNOWN = 1_000
"""Unknown media types that are logged, each once; publishers could invent any number of them."""

_LEFT_FOR_OTHERS = (
    "no task on %s handles %s: for an hour after the first receive its messages are left for workers that "
    "do; this is logged once"
)
_LEFT_FOR_CELERY = (
    "no task on %s handles %s: its messages stay on the queue for a Celery worker; send them elsewhere with "
    "--celery-rest-queue. This is logged once"
)


class LogObserver:
    """An observer that logs failures as warnings or errors, and successes at DEBUG.

    A media type that no task handles, and that is left to other workers, gives one warning: in a rolling
    deploy, one for each message would fill the log. After `MAX_UNKNOWN` types they are logged at DEBUG only.
    """

    kinds = (Settled, Lost, Published)

    def __init__(self) -> None:
        self._unknown: set[str] = set()
        self._lock = Lock()

    def __call__(self, event: Event) -> None:
        match event:
            case Settled(task=None, verdict=Retry(error=UnknownMediaType())):
                self._log_unknown(event)
            case Settled():
                _log_settled(event, _LEVELS[type(event.verdict)])
            case Lost():
                logger.warning(
                    "lease lost on message %s: another worker may have it",
                    printable(event.delivery.id, LONGEST_ID),
                    extra=_fields(event, None),
                )
            case Published():
                logger.debug(
                    "published %s as message %s",
                    event.media_type,
                    event.message_id,
                    extra={"media_type": event.media_type, "message_id": event.message_id},
                )

    def _log_unknown(self, event: Settled) -> None:
        media_type = (event.delivery.media_type or "")[:LONGEST_ID]
        with self._lock:
            new = media_type not in self._unknown and len(self._unknown) < MAX_UNKNOWN
            self._unknown |= {media_type} if new else set()
        if new:
            logger.warning(
                _LEFT_FOR_CELERY if is_celery(media_type) else _LEFT_FOR_OTHERS,
                event.queue,
                printable(event.delivery.media_type or "", LONGEST_ID),
                extra=_fields(event, None),
            )
        _log_settled(event, logging.DEBUG)


observe = LogObserver()
"""The observer of this process."""


def _log_settled(event: Settled, level: int) -> None:
    verdict = event.verdict
    is_dead_letter = isinstance(verdict, DeadLetter)
    if not (is_dead_letter or logger.isEnabledFor(level)):
        return
    error = getattr(verdict, "error", None)
    last_resort.log(
        logger,
        level,
        "%s: %s, message %s, attempt %d, after %.3f s%s",
        event.task or printable(event.delivery.media_type or "unreadable", LONGEST_ID),
        describe(verdict),
        printable(event.delivery.id, LONGEST_ID),
        event.delivery.attempt,
        event.seconds,
        f": {_cause(error)}" if error is not None else "",
        extra=_fields(event, event.task) | _verdict_fields(verdict) | {"seconds": round(event.seconds, 6)},
        error=error if error is not None and logger.isEnabledFor(logging.DEBUG) else None,
    )


_LEVELS: dict[type[Verdict], int] = {
    Ack: logging.DEBUG,
    Postpone: logging.DEBUG,
    Postponed: logging.DEBUG,
    Forward: logging.WARNING,
    Forwarded: logging.INFO,
    Retry: logging.WARNING,
    DeadLetter: logging.ERROR,
    Drop: logging.WARNING,
    Release: logging.INFO,
}


_WORDS: dict[type[Verdict], str] = {
    Ack: "ack",
    Postpone: "hold",
    Postponed: "hop",
    Forward: "retry",
    Forwarded: "forward",
    Retry: "retry",
    DeadLetter: "dead_letter",
    Drop: "drop",
    Release: "release",
}


def word(verdict: Verdict) -> str:
    """The stable one-word name of a verdict, for programs."""
    return "skip" if type(verdict) is Ack and verdict.skipped else _WORDS[type(verdict)]


def describe(verdict: Verdict) -> str:
    """A verdict in words, such as "retry in 3.5 s" or "dead letter (invalid)"."""
    match verdict:
        case Postpone(after):
            return f"not due for {after:.0f} s"
        case Postponed():
            return "not due, sent on"
        case Forwarded():
            return "sent to the queue for other Celery tasks"
        case Ack(skipped=True):
            return "skipped"
        case Ack():
            return "done"
        case Retry(after):
            return f"retry in {after:.1f} s"
        case DeadLetter(reason):
            return f"dead letter ({reason})"
        case Drop(reason):
            return f"dropped ({printable(reason, LONGEST_TEXT)})"
        case Release():
            return "released"


def _fields(event: Settled | Lost, task: str | None) -> dict[str, Any]:
    return CurrentMessage(task, event.delivery, event.queue).fields()


def _verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """The fields of a verdict in a JSON line; those that do not apply are left out."""
    fields: dict[str, Any] = {"verdict": word(verdict)}
    if isinstance(verdict, (DeadLetter, Drop)):
        fields["reason"] = printable(text_of(verdict.reason), LONGEST_TEXT)
    if isinstance(verdict, Retry):
        fields["retry_in"] = round(verdict.after, 3)
    error = getattr(verdict, "error", None)
    if error is not None:
        fields |= {"error_type": error_name(error), "error_message": _message(error), "_error": error}
    return fields


def _cause(error: BaseException) -> str:
    line = line_of(error)
    return f"{error_class(error)}: {_message(error)}" + (f" ({printable(line, LONGEST_ID)})" if line else "")


def _message(error: BaseException) -> str:
    return printable(error_text(error), LONGEST_TEXT)
