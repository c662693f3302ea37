"""Looks at and changes the letters of a dead-letter queue, as `pubsub-tasks dlq` does.

The letters that were received stay leased while a block runs; then they are visible to others again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..dead_letters.filters import LetterFilter
from ..dead_letters.letter_view import Letter
from ..dead_letters.move_report import MoveReport
from ..redrive.browse import Stop, browse
from ..redrive.carry_out import carry_out, change_followers
from ..redrive.dead_letter_queue import DeadLetterQueue, find_dead_letter_queue
from ..redrive.leased_letters import LeasedLetters
from ..redrive.move_plan import Plan
from ..transports.protocols import Transport

LARGEST_LOOK = 33_554_432
"""Characters of bodies after which no more letters are received: they are held in memory, and parsed."""

MakePlan = Callable[[Sequence[Letter]], Plan]


@dataclass(frozen=True, slots=True)
class LetterLook:
    """The letters of a queue that a filter matches.

    Attributes:
        seen: how many letters were looked at.
        about: how many the queue has; SQS counts approximately.
        complete: whether nothing was left to receive, or the one letter that was wanted is found.
        full: whether no more letters were received since they are large.
        counts_receives: whether each look counts towards the queue's own redrive policy.
    """

    queue_name: str
    letters: Sequence[Letter]
    seen: int
    about: int
    complete: bool
    full: bool
    fifo: bool
    counts_receives: bool


class LetterSession:
    """A dead-letter queue and the letters leased from it. `clock` returns epoch seconds."""

    def __init__(
        self, transport: Transport, dlq: DeadLetterQueue, clock: Callable[[], float], stop: Stop
    ) -> None:
        self.transport, self.dlq = transport, dlq
        self._clock, self._stop = clock, stop
        self._leased = LeasedLetters(dlq.queue, clock)

    @classmethod
    @contextmanager
    def opened(
        cls, transport: Transport, url: str, clock: Callable[[], float], stop: Stop
    ) -> Iterator["LetterSession"]:
        """A session with the dead-letter queue at `url`, or of the source queue there, while the block runs.

        Raises ConfigurationError, TransportError.
        """
        session = cls(transport, find_dead_letter_queue(transport, url), clock, stop)
        try:
            # Renewing ends first: it would extend the lease of a letter just released.
            with session._leased.renewing():
                yield session
        finally:
            session._leased.release()

    def look(self, wanted: LetterFilter, limit: int) -> LetterLook:
        """The letters that match, of the first `limit`. Raises ReceiveFailed."""
        queue, attributes, now = self.dlq.queue, self.dlq.attributes, self._clock()
        only = wanted.ids[0] if len(wanted.ids) == 1 else None
        size, is_found = 0, False

        def is_enough(letter: Letter) -> bool:
            nonlocal size, is_found
            size += len(letter.record.body)
            is_found = is_found or letter.record.message_id == only
            return is_found or size > LARGEST_LOOK

        expected = 0 if queue.fifo else attributes.visible
        found = browse(self._leased, limit, self._stop, expected=expected, is_enough=is_enough)
        return LetterLook(
            queue.name,
            [letter for letter in found.letters if wanted.matches(letter, now)],
            len(found.letters),
            attributes.visible,
            found.complete or is_found,
            size > LARGEST_LOOK,
            queue.fifo,
            attributes.dead_letter_arn is not None,
        )

    def change(
        self,
        wanted: LetterFilter,
        confirmed: frozenset[str],
        limit: int,
        plan: MakePlan,
        monotonic: Callable[[], float],
    ) -> MoveReport:
        """Carry out the plan for the confirmed letters, which are named by SQS message id.

        In a FIFO queue, matching letters behind them follow. Confirmed letters that are not seen any more are
        in the report: others have them in hand. Raises what the plan raises, and ReceiveFailed.
        """
        started = self._clock()
        letters = [
            letter for letter in self.look(wanted, limit).letters if letter.record.message_id in confirmed
        ]

        def carry(some: Sequence[Letter]) -> MoveReport:
            return carry_out(plan(some), self._leased, stop=self._stop, clock=monotonic)

        report = carry(letters)
        if self.dlq.queue.fifo:
            change_followers(lambda: self._next(wanted, limit), carry, report, started)
        gone = confirmed - {letter.record.message_id for letter in letters}
        report.lost += sorted(gone)
        return report

    def _next(self, wanted: LetterFilter, limit: int) -> Sequence[Letter] | None:
        look = self.look(wanted, limit)
        return None if self._stop.is_set() else look.letters
