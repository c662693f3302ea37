"""The `self` of a task with `bind=True`: the request, and `retry`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from ..messages.current_message import CurrentMessage
from ..signals import Nack
from .celery_options import INSTEAD_OF_METHODS, unsupported


@dataclass(frozen=True, slots=True)
class CeleryRequest:
    """The message that a task handles, by Celery's names. Outside of a worker it has Celery's defaults.

    Attributes:
        id: the message's id, or None.
        retries: earlier attempts.
        root_id, parent_id: the tasks that led to this one, or None.
        headers: the message's headers.
        called_directly: True outside of a worker.
    """

    id: str | None
    retries: int
    root_id: str | None
    parent_id: str | None
    headers: Mapping[str, str]
    called_directly: bool

    @classmethod
    def of(cls, message: CurrentMessage | None) -> "CeleryRequest":
        """Return the request of a message that is handled, or of a direct call."""
        if message is None:
            return cls(None, 0, None, None, {}, True)
        delivery = message.delivery
        headers = delivery.headers
        return cls(
            delivery.id,
            delivery.attempt - 1,
            headers.get("root_id"),
            headers.get("parent_id"),
            headers,
            False,
        )


class BoundTask:
    """What a task with `bind=True` gets as its first argument.

    Attributes:
        name: the task's name.
        max_retries: retries after the first attempt; None for no limit.
        request: the message that it handles.
    """

    def __init__(self, name: str, max_retries: int | None, message: CurrentMessage | None) -> None:
        self.name = name
        self.max_retries = max_retries
        self.request = CeleryRequest.of(message)

    if not TYPE_CHECKING:  # checkers report other names themselves

        def __getattr__(self, name: str) -> NoReturn:
            instead = INSTEAD_OF_METHODS.get(name, "it has name, max_retries, request and retry")
            raise AttributeError(f"a bound task has no {name}: {instead}")

    def retry(
        self,
        exc: BaseException | None = None,
        *,
        countdown: float | None = None,
        eta: datetime | None = None,
        **others: Any,
    ) -> NoReturn:
        """Raise the signal for another attempt, of the same message.

        Args:
            exc: the error that led to it; in a direct call it is raised as it is.
            countdown: seconds to wait; by default as the task's options say.
            eta: instead, the time of the next attempt.

        Raises ConfigurationError for any other option of Celery's.
        """
        for name in others:
            raise unsupported(f"retry({name}=)", "a retry is the same message, with its arguments and limits")
        if self.request.called_directly and exc is not None:
            raise exc
        seconds = countdown if eta is None else max(0.0, eta.timestamp() - time.time())
        raise Nack(seconds, None if exc is None else f"{type(exc).__name__}: {exc}") from exc
