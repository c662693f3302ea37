"""Looks at the letters of a dead-letter queue; they are visible to others again when a look ends."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from ..dead_letters.filters import LetterFilter
from ..dead_letters.letter_view import Letter
from ..redrive.browse import browse
from ..redrive.dead_letter_queue import find_dead_letter_queue
from ..redrive.leased_letters import LeasedLetters
from ..transports.protocols import Transport


@dataclass(frozen=True, slots=True)
class LetterLook:
    """The letters of a queue that a filter matches.

    Attributes:
        seen: how many letters were looked at.
        about: how many the queue has; SQS counts approximately.
        complete: whether nothing was left to receive.
        counts_receives: whether each look counts towards the queue's own redrive policy.
    """

    queue_name: str
    letters: list[Letter]
    seen: int
    about: int
    complete: bool
    fifo: bool
    counts_receives: bool


def look_at_letters(
    transport: Transport,
    url: str,
    wanted: LetterFilter,
    limit: int,
    clock: Callable[[], float],
) -> LetterLook:
    """The letters that match, of the first `limit`. `url` is of the queue or of a source queue.

    Raises ConfigurationError, TransportError.
    """
    dlq = find_dead_letter_queue(transport, url)
    leased = LeasedLetters(dlq.queue, clock)
    about, now = dlq.attributes.visible, clock()
    try:
        with leased.renewing():
            found = browse(leased, limit, Event(), expected=0 if dlq.queue.fifo else about)
    finally:
        leased.release()
    matching = [letter for letter in found.letters if wanted.matches(letter, now)]
    return LetterLook(
        dlq.queue.name,
        matching,
        len(found.letters),
        about,
        found.complete,
        dlq.queue.fifo,
        dlq.attributes.dead_letter_arn is not None,
    )
