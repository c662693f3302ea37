"""Verdicts: what becomes of a message after dispatch. Plain values, carried out by a worker or a consumer."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "undecodable",  # the envelope or the body cannot be read
    "confirmation",  # a subscription's confirmation; its URL is never fetched
    "unknown",  # no task of the queue handles the media type
    "invalid",  # the content does not match the schema
    "workflow",  # a Celery task that is part of a group, chord or chain
    "expired",  # received after its expiry
    "hops",  # published, handled and published again too many times
    "rejected",  # the handler raised Reject
    "failed",  # the policy does not retry this error
    "exhausted",  # the policy says stop
    "unreported",  # received more often than the policy allows, by workers that crashed
]
"""Why a message is dead-lettered, as dead letters and counters name it."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Delete the message, which was handled. `skipped`: the handler declined it; counted separately."""

    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Make the message visible again after `after` seconds, for another attempt."""

    after: float
    error: BaseException | None = None


class Postpone(Retry):
    """Not due yet: hide the message for `after` seconds. Not an attempt; otherwise like `Retry`."""

    __slots__ = ()


class Postponed(Ack):
    """Not due yet: delete the message, since a copy with a delay was sent to its queue."""

    __slots__ = ()


class Forward(Retry):
    """Send a copy to the queue for other Celery tasks; hide the message for `after` seconds if that fails."""

    __slots__ = ()


class Forwarded(Ack):
    """Delete the message, since a copy was sent to the queue for other Celery tasks."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Send a copy to the dead-letter queue, then delete the message when that is confirmed."""

    reason: Reason
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Make the message visible again at once. Only for messages that were not started."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete the message without handling it, as configured or raised by a handler; logged and counted."""

    reason: str
    error: BaseException | None = None


Verdict = Ack | Retry | DeadLetter | Release | Drop
