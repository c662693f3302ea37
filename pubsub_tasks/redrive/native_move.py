"""SQS's own redrive (StartMessageMoveTask): starts it, watches it, and cancels it on request."""

from collections.abc import Callable

from ..transports.protocols import Queue
from ..wire.records import MoveTaskStatus
from .browse import Stop

_POLL_INTERVAL = 1.0
"""Seconds between two requests for its status."""

_IN_PROGRESS = ("RUNNING", "CANCELLING")


def move(
    queue: Queue,
    destination_arn: str | None,
    rate: int | None,
    stop: Stop,
    on_progress: Callable[[MoveTaskStatus], None],
) -> MoveTaskStatus:
    """Let SQS move all letters until it is done, fails or `stop` is set; returns the last status.

    Letters go to `destination_arn`, or by default each to the queue that SQS moved it from. `rate` is in
    messages per second.

    Raises TransportError.
    """
    queue.start_move(destination_arn, rate)
    while (status := queue.last_move() or MoveTaskStatus("RUNNING")).status in _IN_PROGRESS:
        on_progress(status)
        if stop.wait(_POLL_INTERVAL) and status.handle:
            queue.cancel_move(status.handle)
            return queue.last_move() or status
    return status
