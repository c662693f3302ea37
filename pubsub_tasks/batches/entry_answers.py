"""The entries of one batch call and the service's answer to each, across retries.

A batch call answers entry by entry: some succeed, some are rejected for good, and some may succeed if they
are sent again. Only the last kind is pending after a call.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

from ..wire.records import EntryFailure

Entry = TypeVar("Entry")
Answer = TypeVar("Answer")

_NOT_TRIED = EntryFailure("Untried", "not sent yet", retriable=True)


class EntryAnswers(Generic[Entry, Answer]):
    """Entries in order, each pending until it succeeds or fails with an error that a retry cannot mend."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._pending = list(range(len(entries)))
        self._answers: list[Answer | EntryFailure] = [_NOT_TRIED] * len(entries)

    @property
    def pending(self) -> list[Entry]:
        """The entries to send in the next call."""
        return [self._entries[index] for index in self._pending]

    @property
    def answers(self) -> list[Answer | EntryFailure]:
        """The last answer to each entry, in the order of the entries."""
        return self._answers

    def record(self, answers: Sequence[Answer | EntryFailure]) -> list[tuple[Entry, Answer | EntryFailure]]:
        """Record the answers to `pending`, in its order. Returns the entries that are final.

        Raises ValueError if the number of answers is not that of the pending entries.
        """
        final = []
        still_pending = []
        for index, answer in zip(self._pending, answers, strict=True):
            self._answers[index] = answer
            if isinstance(answer, EntryFailure) and answer.retriable:
                still_pending.append(index)
            else:
                final.append((self._entries[index], answer))
        self._pending = still_pending
        return final

    def give_up(self) -> list[tuple[Entry, EntryFailure]]:
        """Stop retrying. Returns the entries that are still pending, with their last failures."""
        given_up = [
            (self._entries[index], answer)
            for index in self._pending
            if isinstance(answer := self._answers[index], EntryFailure)
        ]
        self._pending = []
        return given_up
