"""What one look at the queues and workers found. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from .worker_status import WorkerProcess


@dataclass(frozen=True, slots=True)
class QueueSample:
    """A queue at one moment. SQS counts approximately; None is not known.

    Attributes:
        name: the logical name, as tasks give it.
        oldest: seconds that the oldest message has waited.
        letters: messages in the dead-letter queue.
        problem: why the queue could not be read; empty if it could.
    """

    name: str
    url: str
    visible: int | None = None
    in_flight: int | None = None
    delayed: int | None = None
    letters: int | None = None
    oldest: float | None = None
    dead_letter_url: str | None = None
    problem: str = ""

    @property
    def queue_name(self) -> str:
        """The name by which SQS and workers know the queue."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Look:
    """All queues and workers at one moment; `at` is in epoch seconds."""

    at: float
    queues: Sequence[QueueSample] = ()
    workers: Sequence[WorkerProcess] = ()
