"""Verdicts without calling a handler: unreadable, not due yet, outdated, or no dead-letter queue."""

from ..batches.backoff import UNREADABLE_MESSAGES
from ..errors import CeleryWorkflow, Expired, InvalidContent, UnknownMediaType
from ..messages.delivery import Delivery
from ..messages.foreign_body import NothingToHandle
from ..messages.headers import hops_left
from ..messages.message import EXPIRES
from ..untrusted.exceptions import printable_error
from ..verdicts import Ack, DeadLetter, Postpone, Reason, Retry, Verdict
from ..wire.records import MAX_VISIBILITY
from ..wire.sns_notification import SubscriptionConfirmation

_UNREADABLE: tuple[tuple[type[Exception], Reason], ...] = (
    (SubscriptionConfirmation, "confirmation"),
    (InvalidContent, "invalid"),
    (CeleryWorkflow, "workflow"),
    (UnknownMediaType, "unknown"),
)
_UNREADABLE_REASONS = frozenset({"undecodable", *(reason for _, reason in _UNREADABLE)})


def verdict_on_unreadable(error: BaseException) -> DeadLetter | Ack:
    """The verdict on a delivery whose envelope, body or content cannot be read."""
    if issubclass(type(error), NothingToHandle):
        return Ack(skipped=True)
    reasons = (reason for kind, reason in _UNREADABLE if issubclass(type(error), kind))
    return DeadLetter(next(reasons, "undecodable"), printable_error(error))


def verdict_before_due(delivery: Delivery, now: float) -> Postpone:
    """The verdict on a delivery that is not due yet: hide it until it is, for at most 12 hours."""
    return Postpone(min(delivery.not_before - now, MAX_VISIBILITY))


def verdict_if_outdated(delivery: Delivery, now: float) -> Verdict | None:
    """A dead letter for a delivery that has expired or was passed on too often; otherwise None."""
    if hops_left(delivery.headers) <= 0:
        return DeadLetter("hops", Expired("published, handled and published again too many times: a loop?"))
    if EXPIRES not in delivery.headers:
        return None
    try:
        late = now - float(delivery.headers[EXPIRES])
    except ValueError:
        return None
    return DeadLetter("expired", Expired(f"expired {late:.0f} s ago")) if late > 0 else None


def retry_without_dead_letters(delivery: Delivery, verdict: DeadLetter, *, fifo: bool) -> Retry:
    """The verdict that replaces a dead letter if there is no dead-letter queue: the message stays hidden.

    An unreadable message may be meant for another app, so it is hidden for a minute at first, and for twice
    as long after each receive. Any other message, and every message of a FIFO queue, is hidden for the
    longest time that SQS allows. It stays until there is a dead-letter queue or its retention ends.
    """
    if fifo or verdict.reason not in _UNREADABLE_REASONS:
        return Retry(MAX_VISIBILITY, verdict.error)
    return Retry(UNREADABLE_MESSAGES.seconds(delivery.receives), verdict.error)
