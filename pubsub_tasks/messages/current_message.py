"""Current: which message is being handled, so that every line logged meanwhile says so.

`install_record_factory` makes the records of this process carry the fields below while a handler runs,
whatever logger, handler or formatter an application uses. Records logged elsewhere are not touched.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, NamedTuple

from ..untrusted.printable import LONGEST_ID, printable
from .delivery import Delivery
from .message import REQUEST_ID

FIELDS = ("task", "message_id", "attempt", "queue", "media_type", "request_id")
"""Attributes of a record that is logged while a message is handled."""


class CurrentMessage(NamedTuple):
    """A delivery in the hands of a task; `queue` is the queue's name."""

    task: str | None
    delivery: Delivery
    queue: str

    def fields(self) -> dict[str, Any]:
        """What log records carry, by the names in FIELDS; printable, as any formatter may write them."""
        delivery = self.delivery
        return {
            "task": self.task,
            "message_id": printable(delivery.id, LONGEST_ID),
            "attempt": delivery.attempt,
            "queue": self.queue,
            "media_type": printable(delivery.media_type, LONGEST_ID) if delivery.media_type else None,
            "request_id": printable(delivery.headers.get(REQUEST_ID, ""), LONGEST_ID) or None,
        }


_current: ContextVar[CurrentMessage | None] = ContextVar("pubsub_tasks_handled", default=None)


def current_message() -> CurrentMessage | None:
    """What is handled in this thread or coroutine, or None."""
    return _current.get()


def set_current(task: str | None, delivery: Delivery, queue: str) -> Token[CurrentMessage | None]:
    """From here on this is handled; undo it with `reset_current`."""
    return _current.set(CurrentMessage(task, delivery, queue))


def reset_current(token: Token[CurrentMessage | None]) -> None:
    """The handler is done."""
    _current.reset(token)


def install_record_factory() -> None:
    """Let records of this process carry FIELDS while a message is handled. Calling it again changes nothing.

    The record factory that is set already keeps making the records.
    """
    make = logging.getLogRecordFactory()
    if not isinstance(make, _Factory):
        logging.setLogRecordFactory(_Factory(make))


def has_message_fields(record: logging.LogRecord) -> bool:
    """Whether it was logged while a message was handled."""
    return getattr(type(record), "has_message_fields", False)


class _Factory:
    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        handled = _current.get()
        if handled is not None:
            record._handled = handled
            record.__class__ = _marked(type(record))
        return record


_classes: dict[type[logging.LogRecord], type[logging.LogRecord]] = {}


def _marked(kind: type[logging.LogRecord]) -> type[logging.LogRecord]:
    """The class that `_subclass` makes, made once."""
    return _classes.get(kind) or _classes.setdefault(kind, _subclass(kind))


def _subclass(kind: type[logging.LogRecord]) -> type[logging.LogRecord]:
    """This class of records, with the fields added when a record is formatted.

    Added earlier they would collide with an application's own `extra={"task": ...}`, for which `logging`
    raises KeyError; added here, the application's win.
    """

    class Marked(kind):  # type: ignore[misc, valid-type]
        has_message_fields = True

        def getMessage(self) -> str:  # noqa: N802 - logging's own name
            self._tell()
            message: str = super().getMessage()
            return message

        def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
            # For copies, and for queues to other processes: those know no class that was made here.
            self._tell()
            return logging.makeLogRecord, (dict(self.__dict__),)

        def _tell(self) -> None:
            handled = self.__dict__.pop("_handled", None)
            for name, value in handled.fields().items() if handled else ():
                self.__dict__.setdefault(name, value)

    Marked.__name__, Marked.__qualname__ = kind.__name__, kind.__qualname__
    return Marked
