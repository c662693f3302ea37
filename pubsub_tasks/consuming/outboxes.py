"""Outboxes: the settlements that are decided and not yet confirmed. Pure, told the time.

A settlement leaves by `take` as part of a command and comes back by `put_back` when that failed; in between
it is `commanded`, and nothing else may be done about its message.
"""

from collections.abc import Callable

from .held import Command, Delete, Held, LetGo, SendToDeadLetters, State
from .outbox import Outbox, backoff


class Outboxes:
    """Deletes, departures and letters to be sent. `jitter` gives a chance from 0 to 1."""

    def __init__(self, linger: float, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._deletes: Outbox[Held] = Outbox(linger)
        self._departures: Outbox[Held] = Outbox(0.0)
        self._letters: Outbox[Held] = Outbox(0.0)
        self._boxes = {
            State.DELETING: self._deletes,
            State.LETTING_GO: self._departures,
            State.LETTERING: self._letters,
        }

    def __len__(self) -> int:
        return sum(len(box) for box in self._boxes.values())

    @property
    def batch_to_delete(self) -> bool:
        """True when a whole batch waits to be deleted."""
        return self._deletes.full

    def wake_at(self) -> float | None:
        """When `take` has something to give, or None."""
        times = [at for box in self._boxes.values() if (at := box.wake_at()) is not None]
        return min(times) if times else None

    def put(self, held: Held, now: float) -> None:
        """Settle it as its state says."""
        self._boxes[held.state].put(held, now)

    def put_back(self, held: Held, now: float) -> None:
        """Settling it failed; once more after a back-off."""
        held.failures += 1
        self._boxes[held.state].put_later(held, now + backoff(held.failures, self._jitter()))

    def take(self, now: float, everything: bool) -> list[Command]:
        """The commands that are due; with `everything`, all but what is backing off."""
        out: list[Command] = [Delete(members) for members in self._due(self._deletes, now, everything)]
        out += [LetGo(members) for members in self._due(self._departures, now, everything)]
        out += [SendToDeadLetters(members) for members in self._due(self._letters, now, everything)]
        return out

    def _due(self, box: Outbox[Held], now: float, everything: bool) -> list[list[Held]]:
        batches = [
            [held for held in batch if self._sendable(held, now)] for batch in box.take(now, everything)
        ]
        for batch in batches:
            for held in batch:
                held.commanded = True
        return [batch for batch in batches if batch]

    def _sendable(self, held: Held, now: float) -> bool:
        if held.state is State.LETTING_GO and held.extending:
            # The extension might arrive after the departure, and undo it.
            self._departures.put_later(held, now + 0.05)
            return False
        return held.state is not State.GONE
