"""Turns: of messages received together, which of a FIFO group may be deleted.

A message is deleted only after the one before it in its group. Where that one comes again, so does this one.
"""

import logging
from collections.abc import Iterable

from ..errors import SettleFailed
from ..verdicts import Release, Retry, Verdict
from ..wire.records import Record

logger = logging.getLogger(__name__)


class Turn:
    """The place of one message in its group; `earlier` is the place before it, None for none."""

    def __init__(self, earlier: "Turn | None" = None) -> None:
        self._earlier = earlier
        self._tried = False
        self._deleted = False

    @property
    def barred(self) -> bool:
        """Whether an earlier message was settled and not deleted, or could not be settled."""
        before = self._earlier
        return before is not None and not before._deleted and (before._tried or before.barred)

    def admit(self, verdict: Verdict, name: str) -> Verdict:
        """What it is to be settled with: this verdict, or `Release` where it is barred from being deleted.

        Raises SettleFailed where an earlier message is not settled yet.
        """
        if not isinstance(verdict, Retry | Release):
            if self.barred:
                logger.warning("message %s comes again after an earlier one of its group", name)
                verdict = Release()
            elif self._earlier is not None and not self._earlier._deleted:
                raise SettleFailed(f"message {name} follows one of its group that is not settled yet")
        self._tried = True
        return verdict

    def settled(self, verdict: Verdict) -> None:
        """It was settled so."""
        self._deleted = not isinstance(verdict, Retry | Release)


def turns(records: Iterable[Record], fifo: bool) -> list[Turn]:
    """The turn of each of these, in the order received."""
    last: dict[str, Turn] = {}
    found = []
    for record in records:
        turn = Turn(last.get(record.group_id) if record.group_id is not None else None)
        if fifo and record.group_id is not None:
            last[record.group_id] = turn
        found.append(turn)
    return found
