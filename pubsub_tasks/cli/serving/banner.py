"""Banner: what a worker is about to do, in a few lines. Knows a service, and nothing that changes later."""

from collections.abc import Iterator

from ...processes.service import Service, package_version


def banner(service: Service) -> Iterator[str]:
    """The lines, first the queue and last the dead letters."""
    limits = service.worker.limits
    slots = [f"{limits.threads} threads"] if limits.threads else []
    slots += [f"{limits.coroutines} coroutines"] if limits.coroutines else []
    yield f"pubsub-tasks {package_version()}: {service.queue.url}"
    yield f"  {', '.join(slots)}, up to {limits.receivers} polls, leases of {limits.visibility} s"
    for task in service.tasks:
        yield f"  {task.media_type} -> {task.name} ({task.policy.describe()})"
    letters = service.dead_letter_queue
    yield f"  dead letters: {letters.url if letters else 'none'}"
