"""The queue that each letter goes back to."""

from ..dead_letters.letter_view import Letter
from ..errors import ConfigurationError
from ..transports.protocols import Queue, Transport
from ..wire.records import QueueAttributes
from .dead_letter_queue import DeadLetterQueue


class RedriveTargets:
    """Finds the target queue of letters. Reads the attributes of each queue once."""

    def __init__(self, transport: Transport, dlq: DeadLetterQueue, to: str | None = None) -> None:
        """`to` is the URL of one queue for all letters; by default, each goes back where it failed."""
        self._transport, self._dlq, self._to = transport, dlq, to
        self._queues: dict[str, tuple[Queue, QueueAttributes]] = {}
        self._urls_by_arn: dict[str, str] = {}

    def of(self, letter: Letter) -> tuple[Queue, QueueAttributes]:
        """The queue that a letter failed on; never the topic, which would copy it to other queues.

        Raises ConfigurationError if that is unknown or is the dead-letter queue itself, TransportError.
        """
        url = (
            self._to
            or _failed_queue_url(letter)
            or self._source_url(letter)
            or self._dlq.found_by
            or self._only_source(letter)
        )
        if url not in self._queues:
            queue = self._transport.queue(url)
            self._queues[url] = (queue, queue.attributes())
        if url == self._dlq.queue.url:
            raise ConfigurationError(
                f"letter {letter.id} would go back to {url}, the queue it is in: name another with --to"
            )
        return self._queues[url]

    def _source_url(self, letter: Letter) -> str | None:
        """The URL of the queue that SQS moved it from, or None."""
        arn = letter.record.source_arn
        if arn is None:
            return None
        if arn not in self._urls_by_arn:
            self._urls_by_arn[arn] = self._transport.queue_url(arn)
        return self._urls_by_arn[arn]

    def _only_source(self, letter: Letter) -> str:
        sources = self._dlq.sources
        if len(sources) == 1:
            return sources[0]
        several = f", and {len(sources)} queues send their dead letters here" if sources else ""
        raise ConfigurationError(
            f"letter {letter.id} does not say which queue it is from{several}: name one with --to"
        )


def _failed_queue_url(letter: Letter) -> str | None:
    """The URL that the letter carries; None for a bare name, whose account and region are unknown."""
    queue = letter.failure.queue if letter.failure else ""
    return queue if "://" in queue else None
