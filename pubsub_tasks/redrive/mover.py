"""Moving: send, confirm, then delete, batch by batch. Never loses a letter, whatever fails in between.

A letter whose send was not confirmed is not deleted, and one whose delete was not confirmed is told. Knows
leases and time; what is sent, and where, is decided elsewhere.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..batches.backoff import MOVES
from ..batches.entry_answers import EntryAnswers
from ..batches.grouped_batches import GroupedBatches
from ..dead_letters.move_item import MoveItem
from ..dead_letters.move_report import MoveReport, Trouble
from ..errors import PubSubTasksError, TransportError
from ..transports.protocols import Queue
from ..wire.records import MAX_BATCH, EntryFailure, Sent
from .browse import Stop
from .leased_letters import LeasedLetters

MAX_BATCH_BYTES = 1_048_576
"""Bytes of all entries of one call together. Source: SQS API reference, SendMessageBatch."""

TRIES = 4
"""Of one entry that the service refuses for now."""

_BEHIND = "behind one of its group that did not go"
Answer = TypeVar("Answer")


class Mover:
    """Does what items say, until they are done, somebody says stop, or the service fails as a whole.

    Args:
        hands: where letters to delete are; None where nothing is deleted.
        target: where to send; None where nothing is sent.
        rate: letters per second, None for as fast as it goes.
        tell: is told after each batch how many letters' fate is known.
    """

    def __init__(
        self,
        hands: LeasedLetters | None,
        target: Queue | None,
        *,
        stop: Stop,
        clock: Callable[[], float],
        rate: float | None = None,
        tell: Callable[[int], None] = lambda settled: None,
    ) -> None:
        self._hands, self._target = hands, target
        self._stop, self._clock, self._rate, self._tell = stop, clock, rate, tell
        self._outcome = MoveReport()

    def run(self, items: Sequence[MoveItem]) -> MoveReport:
        """Carry them out. Raises nothing but bugs: what went wrong is in the outcome."""
        batches = GroupedBatches(MAX_BATCH_BYTES, items)
        most = MAX_BATCH if self._rate is None else max(1, int(self._rate))
        started = self._clock()
        try:
            while batches and not self._told_to_stop(started):
                self._carry_out(batches.next(most), batches)
                self._tell(self._outcome.settled)
        except PubSubTasksError as error:
            self._outcome.halted = str(error)
        except KeyboardInterrupt:
            self._outcome.halted = "interrupted in the middle of a batch"
        self._outcome.left += [item.id for item in batches.waiting]
        if not self._outcome.halted and self._outcome.left:
            self._outcome.halted = "interrupted"
        return self._outcome

    def _carry_out(self, batch: list[MoveItem], batches: GroupedBatches[MoveItem]) -> None:
        ours = [item for item in batch if self._is_ours(item)]
        self._outcome.lost += [item.id for item in batch if item not in ours]
        gone = self._delete(self._send(ours))
        for item in batch:
            if item not in gone:
                self._outcome.kept += [Trouble(each.id, _BEHIND) for each in batches.close(item.group)]

    def _is_ours(self, item: MoveItem) -> bool:
        return self._hands is None or item.record is None or self._hands.has(item.record)

    def _send(self, items: list[MoveItem]) -> list[MoveItem]:
        """Send what is to be sent; returns the items that may go on to be deleted."""
        if self._target is None or not items:
            return items
        target = self._target
        try:
            answers = self._try(
                items, lambda some: target.send([item.outgoing for item in some if item.outgoing])
            )
        except BaseException as error:
            why = f"its send was not confirmed: {_said(error)}"
            self._outcome.doubled += [Trouble(item.id, why) for item in items]
            raise
        self._outcome.kept += [
            Trouble(item.id, f"not sent: {_told(answer)}")
            for item, answer in zip(items, answers, strict=True)
            if isinstance(answer, EntryFailure)
        ]
        return [item for item, answer in zip(items, answers, strict=True) if isinstance(answer, Sent)]

    def _delete(self, items: list[MoveItem]) -> list[MoveItem]:
        """Delete what is to be deleted of what was sent; returns the items that are done."""
        if self._hands is None or not items:
            self._outcome.done += [item.id for item in items]
            return items
        hands = self._hands
        try:
            answers = self._try(items, lambda some: _deleted(hands, some))
        except BaseException as error:  # a second Ctrl-C
            self._fail(items, f"its delete was not confirmed: {_said(error)}")
            raise
        for item, failure in zip(items, answers, strict=True):
            if failure is None:
                self._outcome.done.append(item.id)
            elif failure.lost and self._target is None:
                self._outcome.lost.append(item.id)
            else:
                self._fail([item], f"not deleted: {_told(failure)}")
        return [item for item, failure in zip(items, answers, strict=True) if failure is None]

    def _fail(self, items: list[MoveItem], why: str) -> None:
        """Their delete failed: what was sent before is there twice, anything else stays."""
        if self._target is None:
            self._outcome.kept += [Trouble(item.id, why) for item in items]
        else:
            self._outcome.doubled += [Trouble(item.id, f"sent, and {why}") for item in items]

    def _try(
        self, items: list[MoveItem], call: Callable[[list[MoveItem]], Sequence[Answer | EntryFailure]]
    ) -> list[Answer | EntryFailure]:
        """Make the call for all items, and again for those with a retriable failure. Returns all answers."""
        entries: EntryAnswers[MoveItem, Answer] = EntryAnswers(items)
        for attempt in range(TRIES):
            if attempt and (not entries.pending or self._stop.wait(MOVES.seconds(attempt))):
                break
            entries.record(call(entries.pending))
        return entries.answers

    def _told_to_stop(self, started: float) -> bool:
        """Whether to stop, asked when the next batch is due."""
        if self._rate is None:
            return self._stop.is_set()
        due = started + self._outcome.settled / self._rate
        return self._stop.wait(max(0.0, due - self._clock()))


def _deleted(hands: LeasedLetters, items: list[MoveItem]) -> Sequence[EntryFailure | None]:
    """To delete twice does no harm, so that a call that failed is an answer like any other."""
    try:
        return hands.delete([item.record for item in items if item.record])
    except TransportError as error:
        return [EntryFailure(error.code, str(error), retriable=True)] * len(items)


def _told(failure: Sent | EntryFailure | None) -> str:
    return f"{failure.code}: {failure.message}" if isinstance(failure, EntryFailure) else ""


def _said(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
