"""One dead letter of a move or replay, or one line of an archive."""

from dataclasses import dataclass

from ..wire.records import Outgoing, Record


@dataclass(frozen=True, slots=True)
class MoveItem:
    """What to do with one letter: send `outgoing`, delete `record`, or both, in this order.

    Attributes:
        id: the name by which reports mention it.
        record: the received letter to delete; None if there is nothing to delete.
        outgoing: the message to send; None if there is nothing to send.
        group: the message group within which order counts; None if it does not.
    """

    id: str
    record: Record | None = None
    outgoing: Outgoing | None = None
    group: str | None = None

    @property
    def size(self) -> int:
        """Bytes to send."""
        return self.outgoing.size if self.outgoing else 0
