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
    """Entries in order, each pending until it succeeds or fails with an error that a retry cannot mend.

    Attributes:
        pending: the entries to send in the next call.
        answers: the last answer to each entry, in the order of the entries.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.pending = list(entries)
        self.answers: list[Answer | EntryFailure] = [_NOT_TRIED] * len(entries)
        self._places: Sequence[int] = range(len(entries))

    def record(self, answers: Sequence[Answer | EntryFailure]) -> list[tuple[Entry, Answer | EntryFailure]]:
        """Record the answers to `pending`, in its order. Returns the entries that are final.

        Raises ValueError if the number of answers is not that of the pending entries.
        """
        final, pending, places = [], [], []
        for place, entry, answer in zip(self._places, self.pending, answers, strict=True):
            self.answers[place] = answer
            if isinstance(answer, EntryFailure) and answer.retriable:
                pending.append(entry)
                places.append(place)
            else:
                final.append((entry, answer))
        self.pending, self._places = pending, places
        return final

    def give_up(self) -> list[tuple[Entry, EntryFailure]]:
        """Stop retrying. Returns the entries that are still pending, with their last failures."""
        given_up = [
            (entry, answer)
            for place, entry in zip(self._places, self.pending, strict=True)
            if isinstance(answer := self.answers[place], EntryFailure)
        ]
        self.pending, self._places = [], []
        return given_up
