"""Moves letters batch by batch: sends, waits for the confirmation, then deletes. No failure loses a letter.

A letter is deleted only after its send is confirmed; one whose delete is not confirmed is reported.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..batches.backoff import MOVES
from ..batches.entry_answers import EntryAnswers
from ..batches.grouped_batches import GroupedBatches
from ..dead_letters.move_item import MoveItem
from ..dead_letters.move_report import MoveProblem, MoveReport
from ..errors import PubSubTasksError, TransportError
from ..transports.protocols import Queue
from ..wire.records import MAX_BATCH, EntryFailure, Sent
from .browse import Stop
from .leased_letters import LeasedLetters

MAX_BATCH_BYTES = 1_048_576
"""Bytes of all entries of one call together. Source: SQS API reference, SendMessageBatch."""

MAX_ATTEMPTS = 4
"""Attempts for an entry that the service refuses for now."""

_BEHIND = "behind a letter of its message group that was not moved"
Answer = TypeVar("Answer")


class Mover:
    """Moves items until all are done, `stop` is set, or a call fails as a whole.

    Args:
        leased: the leased letters to delete from; None deletes nothing.
        target: the queue to send to; None sends nothing.
        clock: seconds of a monotonic clock.
        rate: letters per second; None for no limit.
        on_progress: called after each batch with the number of letters that have a result.
    """

    def __init__(
        self,
        leased: LeasedLetters | None,
        target: Queue | None,
        *,
        stop: Stop,
        clock: Callable[[], float],
        rate: float | None = None,
        on_progress: Callable[[int], None] = lambda settled: None,
    ) -> None:
        self._leased, self._target = leased, target
        self._stop, self._clock, self._rate, self._on_progress = stop, clock, rate, on_progress
        self._report = MoveReport()

    def run(self, items: Sequence[MoveItem]) -> MoveReport:
        """Move the items. Failures are in the report; only a bug raises."""
        batches = GroupedBatches(MAX_BATCH_BYTES, items)
        most = MAX_BATCH if self._rate is None else max(1, int(self._rate))
        started = self._clock()
        try:
            while batches and not self._should_stop(started):
                self._carry_out(batches.next(most), batches)
                self._on_progress(self._report.settled)
        except PubSubTasksError as error:
            self._report.halted = str(error)
        except KeyboardInterrupt:
            self._report.halted = "interrupted in the middle of a batch"
        self._report.left += [item.id for item in batches.waiting]
        if not self._report.halted and self._report.left:
            self._report.halted = "interrupted"
        return self._report

    def _carry_out(self, batch: list[MoveItem], batches: GroupedBatches[MoveItem]) -> None:
        leased = [item for item in batch if self._is_leased(item)]
        self._report.lost += [item.id for item in batch if item not in leased]
        done = self._delete(self._send(leased))
        for item in batch:
            if item not in done:
                self._report.kept += [MoveProblem(each.id, _BEHIND) for each in batches.close(item.group)]

    def _is_leased(self, item: MoveItem) -> bool:
        return self._leased is None or item.record is None or self._leased.is_leased(item.record)

    def _send(self, items: list[MoveItem]) -> list[MoveItem]:
        """Send the items that have a message; returns those that may now be deleted."""
        if self._target is None or not items:
            return items
        target = self._target
        try:
            answers = self._call_with_retries(
                items, lambda some: target.send([item.outgoing for item in some if item.outgoing])
            )
        except BaseException as error:
            why = f"its send was not confirmed: {_describe_error(error)}"
            self._report.doubled += [MoveProblem(item.id, why) for item in items]
            raise
        self._report.kept += [
            MoveProblem(item.id, f"not sent: {_describe_failure(answer)}")
            for item, answer in zip(items, answers, strict=True)
            if isinstance(answer, EntryFailure)
        ]
        return [item for item, answer in zip(items, answers, strict=True) if isinstance(answer, Sent)]

    def _delete(self, items: list[MoveItem]) -> list[MoveItem]:
        """Delete the letters of the items; returns the items that are done."""
        if self._leased is None or not items:
            self._report.done += [item.id for item in items]
            return items
        leased = self._leased
        try:
            answers = self._call_with_retries(items, lambda some: _delete(leased, some))
        except BaseException as error:  # a second Ctrl-C
            self._fail(items, f"its delete was not confirmed: {_describe_error(error)}")
            raise
        for item, failure in zip(items, answers, strict=True):
            if failure is None:
                self._report.done.append(item.id)
            elif failure.lost and self._target is None:
                self._report.lost.append(item.id)
            else:
                self._fail([item], f"not deleted: {_describe_failure(failure)}")
        return [item for item, failure in zip(items, answers, strict=True) if failure is None]

    def _fail(self, items: list[MoveItem], why: str) -> None:
        """Report a failed delete: an item that was sent now exists twice, any other stays."""
        if self._target is None:
            self._report.kept += [MoveProblem(item.id, why) for item in items]
        else:
            self._report.doubled += [MoveProblem(item.id, f"sent, and {why}") for item in items]

    def _call_with_retries(
        self, items: list[MoveItem], call: Callable[[list[MoveItem]], Sequence[Answer | EntryFailure]]
    ) -> list[Answer | EntryFailure]:
        """Make the call for all items, and again for those with a retriable failure. Returns all answers."""
        entries: EntryAnswers[MoveItem, Answer] = EntryAnswers(items)
        for attempt in range(MAX_ATTEMPTS):
            if attempt and (not entries.pending or self._stop.wait(MOVES.seconds(attempt))):
                break
            entries.record(call(entries.pending))
        return entries.answers

    def _should_stop(self, started: float) -> bool:
        """Wait until the next batch is due; returns whether to stop."""
        if self._rate is None:
            return self._stop.is_set()
        due = started + self._report.settled / self._rate
        return self._stop.wait(max(0.0, due - self._clock()))


def _delete(leased: LeasedLetters, items: list[MoveItem]) -> Sequence[EntryFailure | None]:
    """Delete letters. A failed call becomes retriable failures, since deleting twice does no harm."""
    try:
        return leased.delete([item.record for item in items if item.record])
    except TransportError as error:
        return [EntryFailure(error.code, str(error), retriable=True)] * len(items)


def _is_retriable(answer: object) -> bool:
    return isinstance(answer, EntryFailure) and answer.retriable


def _describe_failure(failure: Sent | EntryFailure | None) -> str:
    return f"{failure.code}: {failure.message}" if isinstance(failure, EntryFailure) else ""


def _describe_error(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
