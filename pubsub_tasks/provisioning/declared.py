"""What an application's tasks and schemas declare, as the topology takes it. No I/O."""

from ..tasks.registry import Tasks
from ..untrusted.queue_names import FIFO
from ..wire.media_types import matches
from .topology import Declared, QueueSpec


def declared_by(tasks: Tasks) -> Declared:
    """The queues of these tasks, and all media types that have a task or a schema."""
    queues = tuple(_queue(tasks, name) for name in sorted(tasks.queues))
    bound = {task.media_type for task in tasks}
    known = {*bound, *tasks.schemas.media_types()}
    return Declared(queues, tuple(sorted(name for name in known if not name.endswith(".*"))))


def is_fifo(declared: Declared, media_type: str) -> bool:
    """Whether a FIFO queue handles this media type, so that its topic must be FIFO.

    A FIFO topic can also deliver to standard queues.
    """
    return any(
        spec.name.endswith(FIFO) and any(matches(pattern, media_type) for pattern in spec.media_types)
        for spec in declared.queues
    )


def _queue(tasks: Tasks, name: str) -> QueueSpec:
    bound = tasks.for_queue(name)
    return QueueSpec(
        name,
        tuple(sorted({task.media_type for task in bound})),
        tuple(task.policy.attempts for task in bound),
        grouped=any(task.is_grouped for task in bound),
    )
