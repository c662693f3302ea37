"""Verdicts on messages that no task of the queue handles: unknown media types, and other tasks of Celery."""

from typing import Literal, NamedTuple

from ..batches.backoff import CELERY_TASKS, UNKNOWN_MESSAGES
from ..celery_messages.celery_message import is_celery
from ..errors import UnknownMediaType
from ..messages.delivery import Delivery
from ..verdicts import DeadLetter, Drop, Forward, Retry, Verdict
from .retry_arguments import first_received_at

UnknownPolicy = Literal["dead-letter", "release", "drop"]

GRACE_AGE = 3600.0
"""Seconds for which `release` leaves an unknown media type to workers that may know it."""

LONGEST_NAME = 256
"""Characters of an unknown media type in an error message."""


class UnknownMessages(NamedTuple):
    """The policy of one queue for messages that no task handles.

    Attributes:
        queue: logical name of the queue.
        policy: what to do with an unknown media type.
        max_receive_count: of the queue's redrive policy, or None.
        fifo: whether it is a FIFO queue.
        keeps_celery: whether other Celery tasks are kept for a Celery worker.
        forwards_celery: whether they are sent to another queue; otherwise they stay on this one.
    """

    queue: str
    policy: UnknownPolicy
    max_receive_count: int | None
    fifo: bool
    keeps_celery: bool
    forwards_celery: bool

    def keeps(self, delivery: Delivery) -> bool:
        """Whether a delivery without a task is for a Celery worker, even if it cannot be read here."""
        return self.keeps_celery and is_celery(delivery.media_type)

    def verdict(self, delivery: Delivery, now: float) -> Verdict:
        """Return the verdict on a delivery without a task. `now` is epoch seconds."""
        media_type = repr(delivery.media_type)[:LONGEST_NAME]
        error = UnknownMediaType(f"no task on queue {self.queue!r} handles {media_type}")
        if self.keeps(delivery):
            after = CELERY_TASKS.seconds(delivery.receives)
            return Forward(after, error) if self.forwards_celery else Retry(after, error)
        if self.policy == "drop":
            return Drop("unknown", error)
        last = self.max_receive_count is not None and delivery.receives >= self.max_receive_count - 1
        if self.policy == "dead-letter" or last or not _in_grace_period(delivery, now):
            return DeadLetter("unknown", error)
        return Retry(UNKNOWN_MESSAGES.seconds(delivery.receives), error)

    def expects_idle_receives(self, delivery: Delivery, now: float) -> bool:
        """Whether receives without a handler are expected: on a FIFO queue, where messages are given back if
        an earlier one is retried, and from workers that do not know the media type yet."""
        return self.fifo or (self.policy == "release" and _in_grace_period(delivery, now))


def _in_grace_period(delivery: Delivery, now: float) -> bool:
    """Whether workers that know its media type may still be deployed."""
    return now - first_received_at(delivery, now) < GRACE_AGE
