"""What a thread of the worker does next: handle a message, receive, or carry out a command of `InFlight`.

The members of a batch command are at most ten, the limit of one SQS batch call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .in_flight_message import InFlightMessage

LONG_POLL = 20
"""Seconds. Source: SQS API reference, ReceiveMessage, WaitTimeSeconds."""

SHORT_POLL = 1
"""Seconds of a poll while another one is open: it finds a queue that has messages, or frees its slot soon."""


class Poll(NamedTuple):
    """Receive up to `asked` messages (1 to 10), waiting up to `wait` seconds for the first."""

    asked: int
    wait: int


class ExtendLeases(NamedTuple):
    """Extend each lease to that many seconds from now."""

    extensions: Sequence[tuple[InFlightMessage, int]]


@dataclass(frozen=True, slots=True)
class _OnMessages:
    """A command about these messages. It equals one of its own class alone; a named tuple would not."""

    messages: Sequence[InFlightMessage]


class ReportLostLeases(_OnMessages):
    """Report to observers that these leases are lost. No call is made."""

    __slots__ = ()


class Delete(_OnMessages):
    """Delete these messages."""

    __slots__ = ()


class ChangeVisibility(_OnMessages):
    """Set each visibility timeout to the message's `visibility_timeout`, which ends its lease here."""

    __slots__ = ()


class SendToDeadLetters(_OnMessages):
    """Send copies of these messages to the dead-letter queue; each verdict is a `DeadLetter`."""

    __slots__ = ()


Command = ExtendLeases | ReportLostLeases | Delete | ChangeVisibility | SendToDeadLetters
"""A call to make, or an event to report, that `InFlight.commands` returns."""

Job = InFlightMessage | Poll | Command
"""What a thread does next: handle a message, receive, or carry out a command."""
