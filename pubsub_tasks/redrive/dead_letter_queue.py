"""Whereabouts: which queue holds the letters, and to which each goes back. Asks, and changes nothing."""

from dataclasses import dataclass

from ..dead_letters.letter import Letter
from ..errors import ConfigurationError, TransportError
from ..transports.protocols import Queue, Transport
from ..wire.records import QueueAttributes


@dataclass(frozen=True, slots=True)
class LetterLocation:
    """A dead-letter queue.

    Attributes:
        sources: URLs of the queues whose redrive policy names it, as far as we may know.
        named: the source queue by which it was found, or None where it was named itself.
    """

    queue: Queue
    attributes: QueueAttributes
    sources: tuple[str, ...]
    named: str | None = None


def find(transport: Transport, url: str) -> LetterLocation:
    """The dead-letter queue at `url`, or that of the source queue there.

    A queue that has a redrive policy and is another's dead-letter queue as well is taken for the latter.
    Raises ConfigurationError, TransportError.
    """
    queue = transport.queue(url)
    attributes = queue.attributes()
    sources = _sources(queue)
    if attributes.dead_letter_arn is None or sources:
        return LetterLocation(queue, attributes, sources)
    letters = transport.queue(transport.queue_url(attributes.dead_letter_arn))
    return LetterLocation(letters, letters.attributes(), _sources(letters), named=url)


class Targets:
    """Where letters go back to, each queue asked once what it is."""

    def __init__(self, transport: Transport, place: LetterLocation, to: str | None = None) -> None:
        """`to` is the URL of a queue for all letters, whatever they tell."""
        self._transport, self._place, self._to = transport, place, to
        self._known: dict[str, tuple[Queue, QueueAttributes]] = {}
        self._urls: dict[str, str] = {}

    def of(self, letter: Letter) -> tuple[Queue, QueueAttributes]:
        """The queue that it failed on, and never the topic. Raises ConfigurationError, TransportError."""
        url = (
            self._to
            or _told(letter)
            or self._by_arn(letter)
            or self._place.named
            or self._only_source(letter)
        )
        if url not in self._known:
            queue = self._transport.queue(url)
            self._known[url] = (queue, queue.attributes())
        if url == self._place.queue.url:
            raise ConfigurationError(
                f"letter {letter.id} would go back to {url}, where it stands: name another with --to"
            )
        return self._known[url]

    def _by_arn(self, letter: Letter) -> str | None:
        arn = letter.record.source_arn
        if arn is None:
            return None
        if arn not in self._urls:
            self._urls[arn] = self._transport.queue_url(arn)
        return self._urls[arn]

    def _only_source(self, letter: Letter) -> str:
        sources = self._place.sources
        if len(sources) == 1:
            return sources[0]
        several = f", and {len(sources)} queues have their dead letters here" if sources else ""
        raise ConfigurationError(
            f"letter {letter.id} does not tell which queue it is from{several}: name one with --to"
        )


def _sources(queue: Queue) -> tuple[str, ...]:
    try:
        return tuple(queue.sources())
    except TransportError:
        return ()  # not everybody who may read a queue may ask whose it is


def _told(letter: Letter) -> str | None:
    """The URL that the letter tells; a bare name cannot be asked for without knowing whose queue it is."""
    queue = letter.failure.queue if letter.failure else ""
    return queue if "://" in queue else None
