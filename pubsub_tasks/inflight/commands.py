"""What the state machine asks to be done, and what a thread of the worker does next. Values."""

from collections.abc import Sequence
from dataclasses import dataclass

from .in_flight_message import InFlightMessage


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete these (1 to 10)."""

    members: Sequence[InFlightMessage]


@dataclass(frozen=True, slots=True)
class ChangeVisibility:
    """Make each visible again after its own `seconds` (1 to 10); then they are no longer ours."""

    members: Sequence[InFlightMessage]


@dataclass(frozen=True, slots=True)
class ExtendLeases:
    """Keep these for so many more seconds from now (1 to 10)."""

    changes: Sequence[tuple[InFlightMessage, int]]


@dataclass(frozen=True, slots=True)
class SendToDeadLetters:
    """Send copies of these to the dead-letter queue (1 to 10); each verdict is a `DeadLetter`."""

    members: Sequence[InFlightMessage]


@dataclass(frozen=True, slots=True)
class ReportLostLeases:
    """Nothing is to be called: observers should know that these are no longer ours."""

    members: Sequence[InFlightMessage]


Command = Delete | ChangeVisibility | ExtendLeases | SendToDeadLetters | ReportLostLeases


LONG_POLL = 20
"""Seconds. Source: SQS API reference, ReceiveMessage, WaitTimeSeconds."""


SHORT_POLL = 1
"""Seconds of every poll beside the long one: these are for a queue that is full, and must not hold a slot."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Receive up to `asked` messages, waiting up to `wait` seconds."""

    asked: int
    wait: int


Job = InFlightMessage | Poll | Command
"""Handle it, receive, or carry out a command."""
