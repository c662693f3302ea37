"""The rows of the overview, of the page and of `pubsub-tasks top` alike. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from .history import History
from .queue_sample import Look, QueueSample


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """A queue as the overview shows it.

    Attributes:
        sleeping: messages in flight that no known worker has in hand, as in the back-off of a retry; None
            without a known worker.
        rate: messages per second that known workers have handled in the last minute; None without one.
        depths: what waited over the last hour; None where nothing is known. So `rates` and `letters`.
    """

    queue: QueueSample
    sleeping: int | None
    rate: float | None
    depths: Sequence[float | None]
    rates: Sequence[float | None]
    letters: Sequence[float | None]


def overview_rows(history: History) -> list[OverviewRow]:
    """One row for each queue, by name: rows that change places are hard to read."""
    look = history.latest
    rows = [
        OverviewRow(
            queue,
            _sleeping(look, queue),
            history.rate(queue),
            history.depths(queue),
            history.rates(queue),
            history.letters(queue),
        )
        for queue in look.queues
    ]
    return sorted(rows, key=lambda row: row.queue.name)


def _sleeping(look: Look, queue: QueueSample) -> int | None:
    in_hand = [
        served.in_hand
        for process in look.workers
        for served in process.queues
        if served.queue == queue.queue_name
    ]
    return max(0, queue.in_flight - sum(in_hand)) if in_hand and queue.in_flight is not None else None
