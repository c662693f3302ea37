"""When a worker stops receiving: after a number of messages, after one receive, or on an empty queue."""

from dataclasses import dataclass


@dataclass(slots=True)
class RunLimit:
    """The limit of a run. Once it is reached, messages in flight are finished and the worker ends.

    Attributes:
        once: stop after one receive, whether or not it returns messages.
        until_empty: stop after a receive that returns no messages while nothing is in flight.
        messages: stop after this many messages; the last batch is handled whole. None for no limit.
        over: whether the limit is reached.
        recycle: whether the process should be replaced by a new one.
        received: messages so far.
        receives: successful receives so far, empty ones included.
    """

    once: bool = False
    until_empty: bool = False
    messages: int | None = None
    over: bool = False
    recycle: bool = False
    received: int = 0
    receives: int = 0

    def end(self) -> None:
        """End the run now, and have the process replaced."""
        self.over = self.recycle = True

    def allows(self, open_polls: int) -> bool:
        """Whether another poll may be opened besides `open_polls`."""
        return not self.over and not (self.once and open_polls)

    def poll_finished(self, received: int, idle: bool) -> None:
        """Count a successful receive. `idle`: nothing is in flight and no other poll is open."""
        self.received += received
        self.receives += 1
        enough = self.messages is not None and self.received >= self.messages
        self.recycle = self.recycle or enough
        if self.once or enough or (self.until_empty and idle):
            self.over = True
