"""Verdicts: what becomes of a delivery. Plain values; knows nothing that could carry them out."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "undecodable",  # the envelope or the body cannot be read
    "confirmation",  # a subscription's confirmation; its URL is never fetched
    "unknown",  # no task here for the media type
    "invalid",  # the schema refuses the content
    "expired",  # older than its sender wished
    "hops",  # published, handled and published again too many times
    "rejected",  # the handler raised Reject
    "failed",  # the policy does not retry this error
    "exhausted",  # the policy says stop
    "unreported",  # received again and again, and nobody lived to say why
]
"""Why a message is dead-lettered, as the letter and the counts name it."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Handled: delete it. `skipped` when the handler declined, which is counted apart."""

    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Make it visible again after so many seconds."""

    after: float
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Postpone(Retry):
    """Not due yet: invisible for so many seconds, which is no try. Handled as a `Retry` wherever else."""


@dataclass(frozen=True, slots=True)
class Postponed(Ack):
    """Not due yet, and a confirmed copy of it stands in its own queue: delete it."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Send a copy to the dead-letter queue, and once that is confirmed, delete it."""

    reason: Reason
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Give it back at once; only for what was never started."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete it on somebody's explicit word; logged and counted."""

    reason: str
    error: BaseException | None = None


Verdict = Ack | Retry | DeadLetter | Release | Drop
