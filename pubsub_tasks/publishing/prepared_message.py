"""A message that is ready to be sent: written, sealed and within its size limit, with its destination."""

from datetime import UTC, datetime
from typing import NamedTuple, Self

from ..messages.size_limit import ClaimedBody
from ..wire.records import Outgoing


class ScheduledDestination(NamedTuple):
    """A topic (ARN) or queue (URL), and when a message is to go there (epoch seconds)."""

    target: str
    at: float

    def __str__(self) -> str:
        return f"a message to {self.target} at {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S} UTC"


class PreparedMessage(NamedTuple):
    """A message that only has to be sent.

    Attributes:
        media_type: of its content.
        message_id: the id that its publisher gets.
        destination: topic ARN, queue URL, or either of them at a later time.
        outgoing: the message as the service takes it.
        size: bytes that count towards the limit of a call.
        place: its index among the messages that were published together.
        claim: a large body to store before the message is sent.
    """

    media_type: str
    message_id: str
    destination: str | ScheduledDestination
    outgoing: Outgoing
    size: int
    place: int = 0
    claim: ClaimedBody | None = None

    def at(self, place: int) -> Self:
        """The same message at another place."""
        return self._replace(place=place)

    @property
    def group(self) -> tuple[str, str | None] | None:
        """The FIFO destination and message group within which order counts; None if it does not."""
        if isinstance(self.destination, ScheduledDestination) or not self.destination.endswith(".fifo"):
            return None
        return self.destination, self.outgoing.group_id
