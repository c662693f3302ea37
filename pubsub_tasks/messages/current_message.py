"""The message that is being handled, and its fields on all log records of its handler.

After `install_record_factory`, log records made while a handler runs carry FIELDS as attributes, whatever
loggers, handlers and formatters the application uses. Other records are unchanged.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, NamedTuple

from ..untrusted.printable import LONGEST_ID, printable
from .delivery import Delivery
from .message import REQUEST_ID

FIELDS = ("task", "message_id", "attempt", "queue", "media_type", "request_id")
"""Attributes of log records that are made while a message is handled."""


class CurrentMessage(NamedTuple):
    """A delivery that a task handles. `task` is the task's name or None; `queue` is the queue's name."""

    task: str | None
    delivery: Delivery
    queue: str

    def fields(self) -> dict[str, Any]:
        """Return the values of FIELDS by name, safe to print since any formatter may write them."""
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
    """Return the message that this thread or coroutine handles, or None."""
    return _current.get()


def set_current(task: str | None, delivery: Delivery, queue: str) -> Token[CurrentMessage | None]:
    """Set the current message; undo it with `reset_current`."""
    return _current.set(CurrentMessage(task, delivery, queue))


def reset_current(token: Token[CurrentMessage | None]) -> None:
    """Undo `set_current`."""
    _current.reset(token)


def install_record_factory() -> None:
    """Wrap this process's log record factory so that records carry FIELDS while a message is handled.

    A second call changes nothing.
    """
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _RecordFactory):
        logging.setLogRecordFactory(_RecordFactory(factory))


def has_message_fields(record: logging.LogRecord) -> bool:
    """Whether the record was made while a message was handled."""
    return getattr(type(record), "has_message_fields", False)


class _RecordFactory:
    def __init__(self, wrapped: Callable[..., logging.LogRecord]) -> None:
        self._wrapped = wrapped

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._wrapped(*args, **kwargs)
        message = _current.get()
        if message is not None:
            record._current_message = message
            record.__class__ = _record_class(type(record))
        return record


_classes: dict[type[logging.LogRecord], type[logging.LogRecord]] = {}


def _record_class(base: type[logging.LogRecord]) -> type[logging.LogRecord]:
    """Return the subclass that `_subclass` makes, from a cache."""
    return _classes.get(base) or _classes.setdefault(base, _subclass(base))


def _subclass(base: type[logging.LogRecord]) -> type[logging.LogRecord]:
    """Make a subclass whose records get the message's fields when they are formatted.

    If the fields were set earlier, `logging` would raise KeyError for an application's own
    `extra={"task": ...}`. Set on formatting, the application's values take precedence.
    """

    class MessageLogRecord(base):  # type: ignore[misc, valid-type]
        has_message_fields = True

        def getMessage(self) -> str:  # noqa: N802 - logging's own name
            self._add_fields()
            message: str = super().getMessage()
            return message

        def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
            # Copies and records sent to other processes are plain: a class made here cannot be pickled.
            self._add_fields()
            return logging.makeLogRecord, (dict(self.__dict__),)

        def _add_fields(self) -> None:
            message = self.__dict__.pop("_current_message", None)
            for name, value in message.fields().items() if message else ():
                self.__dict__.setdefault(name, value)

    MessageLogRecord.__name__, MessageLogRecord.__qualname__ = base.__name__, base.__qualname__
    return MessageLogRecord
