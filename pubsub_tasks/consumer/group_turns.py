"""Keeps messages that are settled one by one in the order of their FIFO message group.

A message is deleted only after the one before it in its group. If that one is to be received again, so is
every later one: deleting it first would let it overtake.
"""

import logging
from collections.abc import Iterable

from ..errors import SettleFailed
from ..verdicts import Release, Retry, Verdict
from ..wire.records import Record

logger = logging.getLogger(__name__)


class Turn:
    """The turn of one message in its group. `earlier` is the turn before it; None for the first."""

    def __init__(self, earlier: "Turn | None" = None) -> None:
        self._earlier = earlier
        self._tried = False
        self._deleted = False

    @property
    def blocked(self) -> bool:
        """True if an earlier message was settled without being deleted, or could not be settled."""
        before = self._earlier
        return before is not None and not before._deleted and (before._tried or before.blocked)

    def admit(self, verdict: Verdict, name: str) -> Verdict:
        """Return the verdict to settle the message with: `Release` if it is blocked and would be deleted.

        Raises SettleFailed if an earlier message is not settled yet.
        """
        if not isinstance(verdict, Retry | Release):
            if self.blocked:
                logger.warning(
                    "message %s is released: an earlier message of its group will be received again", name
                )
                verdict = Release()
            elif self._earlier is not None and not self._earlier._deleted:
                raise SettleFailed(
                    f"message {name} follows one of its group that is not settled yet: settle that one first"
                )
        self._tried = True
        return verdict

    def settled(self, verdict: Verdict) -> None:
        """Record that the message was settled with this verdict."""
        self._deleted = not isinstance(verdict, Retry | Release)


def turns(records: Iterable[Record], fifo: bool) -> list[Turn]:
    """The turn of each record, in the order received. Without `fifo` each is the first of its group."""
    last: dict[str, Turn] = {}
    found = []
    for record in records:
        turn = Turn(last.get(record.group_id) if record.group_id is not None else None)
        if fifo and record.group_id is not None:
            last[record.group_id] = turn
        found.append(turn)
    return found
