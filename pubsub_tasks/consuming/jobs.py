"""Jobs: what a thread of the worker is given to do next. Values; whoever gets one does as told."""

from dataclasses import dataclass

from .held import Command, Held

LONG_POLL = 20
"""Seconds. Source: SQS API reference, ReceiveMessage, WaitTimeSeconds."""

SHORT_POLL = 1
"""Seconds of every poll beside the long one: these are for a queue that is full, and must not hold a slot."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Receive up to `asked` messages, waiting up to `wait` seconds."""

    asked: int
    wait: int


Job = Held | Poll | Command
"""Handle it, receive, or carry out a command."""
