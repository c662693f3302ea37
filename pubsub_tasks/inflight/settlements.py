"""PendingSettlements: the settlements that are decided and not yet confirmed. Pure, told the time.

A settlement leaves by `take` as part of a command and comes back by `put_back` when that failed; in between
it is `commanded`, and nothing else may be done about its message. On a FIFO queue a delete or a letter waits
until every earlier message of its group is confirmed deleted.
"""

from collections.abc import Callable, Sequence
from math import ceil

from ..batches.backoff import CALLS
from ..batches.buffer import BatchBuffer
from .commands import ChangeVisibility, Command, Delete, SendToDeadLetters
from .in_flight_message import IllegalMove, InFlightMessage, State
from .settling_order import Groups

LAST_BACKOFF = 1.0
"""Seconds between tries once the end is near: there is not much time left to succeed in."""


MOST_REFUSALS = 3
"""Of a letter, after which its message goes back to its queue: it would keep a place in hand for nothing."""


class PendingSettlements:
    """Deletes, departures and letters to be sent. `jitter` gives a chance from 0 to 1."""

    def __init__(self, linger: float, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._longest_backoff = CALLS.cap
        self._deletes: BatchBuffer[InFlightMessage] = BatchBuffer(linger)
        self._groups = Groups()
        self._departures: BatchBuffer[InFlightMessage] = BatchBuffer(0.0)
        self._letters: BatchBuffer[InFlightMessage] = BatchBuffer(0.0)
        self._boxes = {
            State.DELETING: self._deletes,
            State.CHANGING_VISIBILITY: self._departures,
            State.SENDING_TO_DEAD_LETTERS: self._letters,
        }

    def __len__(self) -> int:
        return sum(len(box) for box in self._boxes.values()) + self._groups.waiting

    @property
    def batch_to_delete(self) -> bool:
        """True when a whole batch waits to be deleted."""
        return self._deletes.full

    def wake_at(self) -> float | None:
        """When `take` has something to give, or None."""
        times = [at for box in self._boxes.values() if (at := box.wake_at()) is not None]
        return min(times) if times else None

    def join(self, held: InFlightMessage) -> None:
        """It was received: on a FIFO queue, its place in the order of its group."""
        self._groups.join(held)

    def put(self, held: InFlightMessage, now: float) -> None:
        """Settle it as its state says, once the order of its group admits it."""
        held.failures = 0
        if held.state is State.CHANGING_VISIBILITY:
            self._groups.cut(held)  # nothing behind it has started: that is let go as well
        elif not self._groups.admits(held):
            return
        elif self._groups.has_followers(held):
            self._boxes[held.state].put_later(held, now)  # others wait for it, so it does not linger
            return
        self._boxes[held.state].put(held, now)

    def confirmed(self, held: InFlightMessage, now: float) -> None:
        """It is deleted, or the queue's again: the next of its group may be settled, at once."""
        following = self._groups.leave(held)
        if following is not None:
            self._boxes[following.state].put_later(following, now)

    def cut(self, held: InFlightMessage) -> list[InFlightMessage]:
        """It may come again; returns those of its group that must then come again after it, see `Groups`."""
        return self._groups.cut(held)

    def answered(self, members: Sequence[InFlightMessage], *states: State) -> None:
        """These were under way to be settled, in one of these states if any are given, and are no more.

        Raises IllegalMove where one was not, and then changes nothing.
        """
        for held in members:
            if not held.commanded or (states and held.state not in states):
                raise IllegalMove(f"{held!r} waits for no such answer")
        for held in members:
            held.commanded = False

    def put_back(self, held: InFlightMessage, now: float) -> None:
        """Settling it failed; once more after a back-off."""
        held.failures += 1
        wait = min(self._longest_backoff, CALLS.seconds(held.failures, self._jitter()))
        self._boxes[held.state].put_later(held, now + wait)

    def hurry(self, now: float) -> None:
        """The end is near: whatever backs off is tried now, and then again soon."""
        self._longest_backoff = LAST_BACKOFF
        for box in self._boxes.values():
            box.hurry(now)

    def take(self, now: float, everything: bool) -> list[Command]:
        """The commands that are due; with `everything`, all but what is backing off."""
        out: list[Command] = [Delete(members) for members in self._due(self._deletes, now, everything)]
        out += [ChangeVisibility(members) for members in self._due(self._departures, now, everything)]
        out += [SendToDeadLetters(members) for members in self._due(self._letters, now, everything)]
        return out

    def _due(
        self, box: BatchBuffer[InFlightMessage], now: float, everything: bool
    ) -> list[list[InFlightMessage]]:
        batches = [
            [held for held in batch if self._sendable(held, now)] for batch in box.take(now, everything)
        ]
        for batch in batches:
            for held in batch:
                held.commanded = True
        return [batch for batch in batches if batch]

    def _sendable(self, held: InFlightMessage, now: float) -> bool:
        if held.state is not State.CHANGING_VISIBILITY:
            return held.state is not State.GONE
        if held.extending:
            # The extension might arrive after the departure, and undo it.
            self._departures.put_later(held, now + 0.05)
            return False
        # Counted from now: it may have taken a while to get here. A computer's sum of times is not exact.
        held.seconds = min(max(0, ceil(held.due_at - now - 0.001)), held.hold.cap(now))
        return True
