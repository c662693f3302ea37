"""Settlements that are decided and not confirmed yet. No I/O; `now` is a parameter.

A settlement leaves by `take` as part of a command, and comes back by `put_back` if the call failed. In
between its message has `command_sent` set, and nothing else may be done about it. On a FIFO queue a delete or
a dead letter waits until every earlier message of its group is confirmed deleted.
"""

from collections.abc import Callable, Sequence
from math import ceil

from ..batches.backoff import CALLS
from ..batches.buffer import BatchBuffer
from .commands import ChangeVisibility, Command, Delete, SendToDeadLetters
from .in_flight_message import IllegalMove, InFlightMessage, State
from .settling_order import SettlingOrder

LONGEST_BACKOFF_ON_DRAIN = 1.0
"""Seconds between attempts during a drain, which leaves little time to succeed."""

MOST_REFUSALS = 3
"""Attempts to send one dead letter that its queue rejects, before the message goes back to its own queue."""

EXTENSION_WAIT = 0.05
"""Seconds to wait for an extension under way before a visibility timeout is changed."""

CLOCK_ERROR = 0.001
"""Seconds: rounding errors of sums of times, which must not add a whole second."""


class PendingSettlements:
    """Deletes, visibility changes and dead letters to send. `jitter` returns a number from 0 to 1.

    Attributes:
        deletes: deletes to send.
        under_way: messages whose commands are not answered yet.
    """

    def __init__(self, linger: float, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._longest_backoff = CALLS.cap
        self._settling_order = SettlingOrder()
        self.deletes: BatchBuffer[InFlightMessage] = BatchBuffer(linger)
        self.under_way = 0
        self._visibility_changes: BatchBuffer[InFlightMessage] = BatchBuffer(0.0)
        self._dead_letters: BatchBuffer[InFlightMessage] = BatchBuffer(0.0)
        self._buffers = {
            State.DELETING: self.deletes,
            State.CHANGING_VISIBILITY: self._visibility_changes,
            State.SENDING_TO_DEAD_LETTERS: self._dead_letters,
        }

    def __len__(self) -> int:
        sendable = len(self.deletes) + len(self._visibility_changes) + len(self._dead_letters)
        return sendable + self._settling_order.waiting

    def wake_at(self) -> float | None:
        """When `take` next has something to return, or None."""
        times = [at for buffer in self._buffers.values() if (at := buffer.wake_at()) is not None]
        return min(times) if times else None

    def add(self, message: InFlightMessage) -> None:
        """Record the place of a received message in the settling order of its group."""
        self._settling_order.add(message)

    def put(self, message: InFlightMessage, now: float) -> None:
        """Settle a message as its state says, as soon as the settling order of its group admits it."""
        message.failures = 0
        if message.group is None:
            pass  # settled in any order
        elif message.state is State.CHANGING_VISIBILITY:
            self._settling_order.truncate(message)  # its followers have not started, and go back too
        elif not self._settling_order.admit(message):
            return
        elif self._settling_order.has_followers(message):
            self._buffers[message.state].put_later(message, now)  # followers wait for it: no linger
            return
        self._buffers[message.state].put(message, now)

    def confirmed(self, message: InFlightMessage, now: float) -> None:
        """A settlement succeeded; the next message of its group may be settled at once."""
        following = self._settling_order.remove_head(message)
        if following is not None:
            self._buffers[following.state].put_later(following, now)

    def truncate(self, message: InFlightMessage) -> list[InFlightMessage]:
        """A message may become visible again; returns its followers, see `SettlingOrder.truncate`."""
        return self._settling_order.truncate(message)

    def answered(self, messages: Sequence[InFlightMessage], *states: State) -> None:
        """A command for these messages was answered. `states`: the states it is possible in, default any.

        Raises IllegalMove if one of them has no command under way in these states, and changes nothing.
        """
        for message in messages:
            if not message.command_sent or (states and message.state not in states):
                raise IllegalMove(f"{message!r} expects no such answer")
        for message in messages:
            message.command_sent = False
        self.under_way -= len(messages)

    def put_back(self, message: InFlightMessage, now: float) -> None:
        """A settlement failed; it is due again after a back-off."""
        message.failures += 1
        wait = min(self._longest_backoff, CALLS.seconds(message.failures, self._jitter()))
        self._buffers[message.state].put_later(message, now + wait)

    def hurry(self, now: float) -> None:
        """Try everything that backs off now, and with a short back-off from here on."""
        self._longest_backoff = LONGEST_BACKOFF_ON_DRAIN
        for buffer in self._buffers.values():
            buffer.hurry(now)

    def take(self, now: float, everything: bool) -> list[Command]:
        """Return the commands that are due; with `everything`, all except what backs off."""
        commands: list[Command] = []
        if len(self.deletes):
            commands += [Delete(batch) for batch in self._due(self.deletes, now, everything)]
        if len(self._visibility_changes):
            changes = self._due(self._visibility_changes, now, everything)
            commands += [ChangeVisibility(batch) for batch in changes]
        if len(self._dead_letters):
            commands += [SendToDeadLetters(batch) for batch in self._due(self._dead_letters, now, everything)]
        return commands

    def _due(
        self, buffer: BatchBuffer[InFlightMessage], now: float, everything: bool
    ) -> list[list[InFlightMessage]]:
        batches = []
        for candidates in buffer.take(now, everything):
            batch = [message for message in candidates if self._sendable(message, now)]
            for message in batch:
                message.command_sent = True
            if batch:
                batches.append(batch)
                self.under_way += len(batch)
        return batches

    def _sendable(self, message: InFlightMessage, now: float) -> bool:
        if message.state is not State.CHANGING_VISIBILITY:
            return message.state is not State.GONE
        if message.extending:
            # The extension might arrive after the change, and undo it.
            self._visibility_changes.put_later(message, now + EXTENSION_WAIT)
            return False
        # Counted from now: the message may have waited here.
        seconds = max(0, ceil(message.due_at - now - CLOCK_ERROR))
        message.visibility_timeout = min(seconds, message.lease.longest_extension(now))
        return True
