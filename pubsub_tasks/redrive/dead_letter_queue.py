"""Finds a dead-letter queue by its own URL or by that of a source queue."""

from dataclasses import dataclass

from ..errors import TransportError
from ..transports.protocols import Queue, Transport
from ..wire.records import QueueAttributes


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """A dead-letter queue and the queues that use it.

    Attributes:
        sources: URLs of the queues whose redrive policy names it; empty if they cannot be listed.
        found_by: URL of the source queue that it was found by, or None if its own URL was given.
    """

    queue: Queue
    attributes: QueueAttributes
    sources: tuple[str, ...]
    found_by: str | None = None


def find_dead_letter_queue(transport: Transport, url: str) -> DeadLetterQueue:
    """The dead-letter queue at `url`, or the one that the redrive policy of the queue at `url` names.

    A queue that is both a dead-letter queue and has a redrive policy is taken for a dead-letter queue.

    Raises ConfigurationError, TransportError.
    """
    queue = transport.queue(url)
    attributes = queue.attributes()
    sources = _sources(queue)
    if attributes.dead_letter_arn is None or sources:
        return DeadLetterQueue(queue, attributes, sources)
    dead_letters = transport.queue(transport.queue_url(attributes.dead_letter_arn))
    return DeadLetterQueue(dead_letters, dead_letters.attributes(), _sources(dead_letters), found_by=url)


def _sources(queue: Queue) -> tuple[str, ...]:
    try:
        return tuple(queue.sources())
    except TransportError:
        return ()  # reading a queue does not imply permission for ListDeadLetterSourceQueues
