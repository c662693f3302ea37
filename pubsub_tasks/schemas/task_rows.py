"""What is told of an app's tasks: media type, schema, queue, retries, and whether plans convert content."""

from dataclasses import dataclass
from typing import Any, Self

from ..content.codec import Codec
from ..errors import UnknownMediaType
from ..tasks.registry import Tasks
from ..tasks.task import Task


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task as it is listed.

    Attributes:
        schema: module and name of the schema's class, or None if no schema declares the media type.
        policy: the retry policy in words.
        timeout: seconds that one attempt may take, or None.
        no_load_plan: why marshmallow itself loads all content, or None.
        no_dump_plan: why marshmallow itself dumps all content, or None.
    """

    task: str
    media_type: str
    schema: str | None
    queue: str
    policy: str
    timeout: float | None
    no_load_plan: str | None
    no_dump_plan: str | None

    @classmethod
    def of(cls, task: Task[..., Any], codec: Codec | None) -> Self:
        """Describe a task."""
        schema = type(codec.schema) if codec else None
        return cls(
            task.name,
            task.media_type,
            f"{schema.__module__}.{schema.__qualname__}" if schema else None,
            task.queue,
            task.policy.describe(),
            task.timeout,
            codec.conversion.load_plan.refusal if codec else None,
            codec.conversion.dump_plan.refusal if codec else None,
        )


def task_rows(tasks: Tasks) -> list[TaskRow]:
    """The tasks by queue."""
    return [
        TaskRow.of(task, codec_of(tasks, task))
        for queue in sorted(tasks.queues)
        for task in tasks.for_queue(queue)
    ]


def codec_of(tasks: Tasks, task: Task[..., Any]) -> Codec | None:
    """The codec of a task's content; None if no schema declares its media type."""
    try:
        return task.codec or tasks.schemas.find(task.media_type)
    except UnknownMediaType:
        return None
