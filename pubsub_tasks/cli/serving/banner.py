"""The lines that a worker logs when it starts."""

from collections.abc import Iterator

from ...processes.service import Service
from ...version import VERSION


def banner(service: Service) -> Iterator[str]:
    """The queue, capacity, tasks and dead-letter queue of a service."""
    limits = service.worker.limits
    slots = [f"{limits.threads} threads"] if limits.threads else []
    slots += [f"{limits.coroutines} coroutines"] if limits.coroutines else []
    yield f"pubsub-tasks {VERSION}: {service.queue.url}"
    yield f"  {', '.join(slots)}, up to {limits.receivers} receivers, visibility {limits.visibility} s"
    for task in service.tasks:
        yield f"  {task.media_type} -> {task.name} ({task.policy.describe()})"
        for name in task.celery:
            yield f"  Celery's {name} -> {task.name}"
    dead_letters = service.dead_letter_queue
    yield f"  dead letters: {dead_letters.url if dead_letters else 'none'}"
