"""When a worker stops receiving: after so many messages, one receive, or an empty poll."""

from dataclasses import dataclass


@dataclass(slots=True)
class RunLimit:
    """When enough was received. What is in hand by then is finished, and only then the worker is done.

    Attributes:
        once: after one receive, whatever it brings.
        until_empty: after a receive that brings nothing while nothing is in hand.
        messages: after so many messages; a batch that began is taken whole. None for any number.
        over: whether that is so.
        worn: whether the process that served it had better be a new one.
        received: messages so far.
        receives: receives that succeeded so far, whether or not they brought any.
    """

    once: bool = False
    until_empty: bool = False
    messages: int | None = None
    over: bool = False
    worn: bool = False
    received: int = 0
    receives: int = 0

    def end(self) -> None:
        """Enough for this process, for a reason of somebody else's."""
        self.over = self.worn = True

    def allows(self, open_polls: int) -> bool:
        """Whether another poll may be made beside those that are open."""
        return not self.over and not (self.once and open_polls)

    def polled(self, brought: int, idle: bool) -> None:
        """A receive succeeded; `idle` when nothing is in hand now and no other poll is open."""
        self.received += brought
        self.receives += 1
        enough = self.messages is not None and self.received >= self.messages
        self.worn = self.worn or enough
        if self.once or enough or (self.until_empty and idle):
            self.over = True
