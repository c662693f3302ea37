"""Celery's task options as retry policies, and the error for those that mean nothing here."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from tenacity import (
    retry_if_exception_type,
    retry_if_not_exception_type,
    retry_never,
    stop_after_attempt,
    stop_never,
    wait_exponential,
    wait_fixed,
    wait_random_exponential,
)

from ..errors import ConfigurationError
from ..messages.publish_options import OptionArguments
from ..tasks.retry_strategies import Strategy

MAX_RETRIES = 3
"""Source: Celery's documentation, `Task.max_retries`."""

RETRY_DELAY = 180.0
"""Seconds. Source: Celery's documentation, `Task.default_retry_delay`."""

BACKOFF_MAX = 600.0
"""Seconds. Source: Celery's documentation, `Task.retry_backoff_max`."""


_TRUE_HERE = [
    ("acks_late", True),
    ("reject_on_worker_lost", True),
    ("acks_on_failure_or_timeout", False),
    ("ignore_result", True),
    ("store_errors_even_if_ignored", False),
    ("track_started", False),
    ("send_events", False),
    ("serializer", "json"),
]
"""Celery's options that may be given, since their effect is that of every task of this library."""

_RETRY_KWARGS = {"max_retries": "max_retries", "countdown": "default_retry_delay"}
"""Members of Celery's option `retry_kwargs`, which are for retries by `autoretry_for`, by options here."""

INSTEAD = {
    "rate_limit": "limit the worker's --concurrency, or wait in the function",
    "acks_late": "messages are always deleted after the function has returned",
    "base": "write a function",
    "expires": "give it to apply_async",
    "pydantic": "declare a schema and use @task(Schema)",
    "throws": "raise Reject for what is expected to fail",
    "link": "publish the next task at the end of this one's function",
    "link_error": "look at the dead-letter queue, or publish from an except block",
    "chord": "publish a message for each part, and count them in a store of your own",
    "priority": "give urgent tasks a queue of their own",
    "serializer": "content is JSON; a schema's CONTENT_TYPE chooses another",
    "compression": "a schema's COMPRESSION chooses it",
    "retry": "publishing is always retried",
    "retry_policy": "publishing is always retried",
    "time_limit": "declare it with @shared_task(time_limit=...)",
    "soft_time_limit": "declare it with @shared_task(soft_time_limit=...)",
    "task_id": "use the id that is returned",
    "ignore_result": "there are no results",
    "exchange": "topics are found by media type",
    "routing_key": "topics are found by media type",
}
"""What to do instead of what has no counterpart."""

INSTEAD_OF_METHODS = {
    "AsyncResult": "there are no results: publish the outcome as a message",
    "app": "there is no Celery app",
    "apply": "call the function",
    "backend": "there are no results: publish the outcome as a message",
    "chunks": "publish a message for each part, with task.publish_many(...)",
    "map": "publish a message for each part, with task.publish_many(...)",
    "retry": "bind=True gives the function a task to retry; without it, raise Nack(seconds)",
    "set": "give the options to apply_async",
    "si": "write s(...): nothing is passed from one task to the next",
    "starmap": "publish a message for each part, with task.publish_many(...)",
    "update_state": "there are no task states: publish progress as a message",
}
"""What to do instead of a method of Celery's tasks and signatures."""


@dataclass(frozen=True, slots=True)
class CeleryOptions:
    """Celery's options of a task, with Celery's defaults.

    Attributes:
        max_retries: retries after the first attempt; None for no limit.
        default_retry_delay: seconds between attempts, without `retry_backoff`.
        autoretry_for: exceptions after which the task is tried again; it is after no other.
        dont_autoretry_for: exceptions among those after which it is not.
        retry_backoff: True, or the seconds of the first wait, for waits that double.
        retry_backoff_max: the longest wait, in seconds.
        retry_jitter: whether waits are random, up to the back-off.
        time_limit, soft_time_limit: seconds that an attempt may take; the shorter one counts.
    """

    max_retries: int | None = MAX_RETRIES
    default_retry_delay: float = RETRY_DELAY
    autoretry_for: Sequence[type[BaseException]] = ()
    dont_autoretry_for: Sequence[type[BaseException]] = ()
    retry_backoff: bool | float = False
    retry_backoff_max: float = BACKOFF_MAX
    retry_jitter: bool = True
    time_limit: float | None = None
    soft_time_limit: float | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read options by Celery's names. Raises ConfigurationError for one that has no counterpart."""
        known = cls.__dataclass_fields__.keys()
        given = dict(options)
        retried = given.pop("retry_kwargs", None) or {}
        for name, value in retried.items():
            if name not in _RETRY_KWARGS:
                raise unsupported(f"retry_kwargs={retried!r}", "a retry is the same message")
            if given.get("autoretry_for"):
                given[_RETRY_KWARGS[name]] = value
        for name, value in given.items():
            if name not in known and (name, value) not in _TRUE_HERE:
                raise unsupported(f"{name}={value!r}", INSTEAD.get(name, "leave it out"))
        return cls(**{name: value for name, value in given.items() if name in known})

    @property
    def timeout(self) -> float | None:
        """Seconds that an attempt may take, or None."""
        limits = (self.time_limit, self.soft_time_limit)
        return min((limit for limit in limits if limit is not None), default=None)

    @property
    def stop(self) -> Strategy:
        """When to give up."""
        return stop_never if self.max_retries is None else stop_after_attempt(self.max_retries + 1)

    @property
    def wait(self) -> Strategy:
        """How long to wait before the next attempt."""
        if not self.retry_backoff:
            return wait_fixed(self.default_retry_delay)
        factor = max(1.0, float(self.retry_backoff))  # True is a first wait of a second, Celery's shortest
        if self.retry_jitter:
            return wait_random_exponential(multiplier=factor, max=self.retry_backoff_max)
        return wait_exponential(multiplier=factor, max=self.retry_backoff_max)

    @property
    def retry(self) -> Strategy:
        """After which exceptions there is another attempt. A `Nack` asks for one itself."""
        retried, excepted = tuple(self.autoretry_for), tuple(self.dont_autoretry_for)
        if not retried:
            return retry_never
        if not excepted:
            return retry_if_exception_type(retried)
        return retry_if_exception_type(retried) & retry_if_not_exception_type(excepted)


def publish_options(
    countdown: float | None,
    eta: datetime | None,
    expires: float | datetime | None,
    headers: Mapping[str, str] | None,
) -> OptionArguments:
    """Return Celery's options of a call as those of a publish. `countdown` and `expires` are in seconds."""
    options: OptionArguments = {}
    if countdown is not None:
        options["delay"] = countdown
    if eta is not None:
        options["at"] = eta
    if expires is not None:
        if isinstance(expires, datetime):
            if expires.tzinfo is None:
                raise ConfigurationError(
                    f"expires={expires!r}: give a datetime with its time zone, such as datetime.now(UTC)"
                )
            expires = expires.timestamp() - time.time()
        options["expires"] = expires
    if headers is not None:
        options["headers"] = headers
    return options


def unsupported(what: str, instead: str) -> ConfigurationError:
    """Return the error for something of Celery's that does not exist here."""
    return ConfigurationError(f"{what} of Celery has no counterpart: {instead}")
