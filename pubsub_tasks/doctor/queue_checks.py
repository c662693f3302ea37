"""Checks of one queue with its dead-letter queue, by what their attributes say.

Source: SQS developer guide, "Using dead-letter queues".
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..untrusted.readable_counts import counted
from ..wire.records import MAX_RETENTION
from .finding import Finding, Severity


class DeadLetterFacts(NamedTuple):
    """A dead-letter queue as it stands; `retention` in seconds, `max_size` in bytes."""

    name: str
    fifo: bool
    retention: int
    max_size: int


class QueueFacts(NamedTuple):
    """A queue as it stands.

    Attributes:
        attempts: the most attempts of each task's policy; None for no limit.
        lease: seconds for which the worker leases a message.
        visibility: seconds; the queue's own VisibilityTimeout.
        retention: seconds.
        max_size: bytes.
        receives: maxReceiveCount; None without a redrive policy.
        has_dead_letters: whether there is a dead-letter queue, even if nothing is known of it.
        wanted_receives: the maxReceiveCount to advise.
        mend: the command that mends this queue; in words if empty.
    """

    name: str
    fifo: bool
    visibility: int
    retention: int
    max_size: int
    receives: int | None
    attempts: tuple[int | None, ...]
    lease: int
    dead_letters: DeadLetterFacts | None = None
    has_dead_letters: bool = False
    wanted_receives: int = 0
    mend: str = ""


def check_queue(facts: QueueFacts) -> Iterator[Finding]:
    """What is wrong with a queue."""
    subject = f"queue {facts.name}"
    if not facts.has_dead_letters:
        yield Finding(
            Severity.ERROR,
            subject,
            "has no dead-letter queue",
            "messages that cannot be handled stay on it until their retention ends, and are lost then",
            facts.mend or "Give it a redrive policy, or name a queue with --dead-letter-queue-url",
        )
    yield from _check_receives(facts, subject)
    if facts.visibility < facts.lease:
        yield Finding(
            Severity.WARNING,
            subject,
            f"has a visibility timeout of {facts.visibility} s, less than the lease of {facts.lease} s",
            "consumers that do not ask for a lease of their own get messages again while they handle them",
            facts.mend or f"Set VisibilityTimeout to {facts.lease}",
        )
    if facts.dead_letters is not None:
        yield from _check_dead_letters(facts, facts.dead_letters, subject)


def _check_receives(facts: QueueFacts, subject: str) -> Iterator[Finding]:
    most = _most(facts.attempts)
    if facts.receives is None or most is None or facts.receives > most:
        return
    receives = facts.wanted_receives or most + 10
    yield Finding(
        Severity.ERROR,
        subject,
        f"has maxReceiveCount {facts.receives}, and a retry policy has {counted(most, 'attempt')}",
        "SQS moves messages to the dead letters before their last attempt, without the reason",
        facts.mend or f"Raise maxReceiveCount in the queue's redrive policy to {receives}",
    )


def _check_dead_letters(facts: QueueFacts, letters: DeadLetterFacts, subject: str) -> Iterator[Finding]:
    if letters.fifo is not facts.fifo:
        kinds = {True: "a FIFO queue", False: "a standard queue"}
        yield Finding(
            Severity.ERROR,
            subject,
            f"is {kinds[facts.fifo]}, and its dead-letter queue {letters.name} is {kinds[letters.fifo]}",
            "no dead letter can be sent there",
            facts.mend or "Name a dead-letter queue of the same kind in its redrive policy",
        )
    # In a FIFO queue the age of what SQS moves begins anew.
    if not facts.fifo and letters.retention <= facts.retention:
        yield Finding(
            Severity.ERROR,
            f"queue {letters.name}",
            f"keeps letters {letters.retention} s, and {facts.name} keeps messages {facts.retention} s",
            "what SQS moves keeps its age, so that letters may expire as soon as they come",
            _longer_retention(facts, letters),
        )
    if letters.max_size < facts.max_size:
        yield Finding(
            Severity.WARNING,
            f"queue {letters.name}",
            f"accepts {counted(letters.max_size, 'byte')}, and {facts.name} accepts {facts.max_size:,}",
            "a larger message cannot be dead-lettered, and comes back every 15 minutes",
            facts.mend or f"Set its MaximumMessageSize to {facts.max_size}",
        )


def _longer_retention(facts: QueueFacts, letters: DeadLetterFacts) -> str:
    if letters.retention >= MAX_RETENTION:
        return f"Lower pubsub_provisioning.retention, the MessageRetentionPeriod of {facts.name}"
    return facts.mend or f"Set its MessageRetentionPeriod to {MAX_RETENTION}"


def _most(attempts: Iterable[int | None]) -> int | None:
    """The most attempts of the policies that have a limit."""
    return max((count for count in attempts if count is not None), default=None)
