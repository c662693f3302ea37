"""Native moves: SQS moves the letters of a queue itself. Starts, watches and cancels; knows no letter."""

from collections.abc import Callable

from ..transports.protocols import Queue
from ..wire.records import MoveTaskStatus
from .browse import Stop

_EVERY = 1.0
"""Seconds between two looks at how far it came."""

_UNDER_WAY = ("RUNNING", "CANCELLING")


def move(
    queue: Queue,
    destination_arn: str | None,
    rate: int | None,
    stop: Stop,
    tell: Callable[[MoveTaskStatus], None],
) -> MoveTaskStatus:
    """Let SQS move all letters until it is done, fails, or `stop` is set; returns how far it came.

    They go to `destination_arn`, else each back to the queue that SQS took it from. Raises TransportError.
    """
    queue.start_move(destination_arn, rate)
    while (made := queue.last_move() or MoveTaskStatus("RUNNING")).status in _UNDER_WAY:
        tell(made)
        if stop.wait(_EVERY) and made.handle:
            queue.cancel_move(made.handle)
            return queue.last_move() or made
    return made
