"""Which message in flight starts next. No I/O; `now` is a parameter.

On a standard queue every message may start at once. On a FIFO queue only the head of each group may start,
and the others are blocked. A head whose next attempt is due later is parked, and its group waits with it.
"""

import heapq
from collections import deque
from itertools import count

from ..messages.envelope import next_attempt
from ..verdicts import Postpone
from .in_flight_message import InFlightMessage, SlotKind, State
from .message_groups import GroupOrder

UNSTARTED = (State.READY, State.BLOCKED, State.PARKED)


class StartOrder:
    """The messages in flight that are not started yet, or wait for their next attempt."""

    def __init__(self) -> None:
        self._group_order: GroupOrder[InFlightMessage] = GroupOrder()
        self._ready: dict[SlotKind, deque[InFlightMessage]] = {kind: deque() for kind in SlotKind}
        self._parked: list[tuple[float, int, InFlightMessage]] = []
        self._order = count()
        self.waiting = 0

    def ready(self, kind: SlotKind) -> int:
        """Number of messages that could start at once if they had a slot of this kind."""
        return len(self._ready[kind])

    def wake_at(self) -> float | None:
        """When the next parked message is due, or None."""
        return self._parked[0][0] if self._parked else None

    def add(self, message: InFlightMessage) -> None:
        """Add a message that was received: READY, or BLOCKED behind others of its group."""
        if message.start_group is None or self._group_order.add(message.start_group, message):
            self._make_ready(message)
        else:
            message.state = State.BLOCKED
            self.waiting += 1

    def take(self, kind: SlotKind) -> InFlightMessage | None:
        """Remove and return the next message to start in this kind of slot, or None."""
        ready = self._ready[kind]
        return ready.popleft() if ready else None

    def park(self, message: InFlightMessage, at: float) -> None:
        """Keep a head in memory until its next attempt at the given time; its group waits with it."""
        message.state = State.PARKED
        message.due_at = at
        self.waiting += 1
        heapq.heappush(self._parked, (at, next(self._order), message))

    def unpark(self, now: float) -> None:
        """Make parked messages READY that are due; each but a postponed one counts one more attempt."""
        while self._parked and self._parked[0][0] <= now:
            message = heapq.heappop(self._parked)[2]
            if message.state is State.PARKED and message.due_at <= now:
                self.waiting -= 1
                if not isinstance(message.verdict, Postpone):
                    message.delivery = next_attempt(message.delivery)
                self._make_ready(message)

    def withdraw(self, message: InFlightMessage) -> list[InFlightMessage]:
        """Remove an unstarted message and its followers; returns the followers."""
        followers = self.remove_followers(message)
        self._stop_waiting(message)
        if message.state is State.BLOCKED and message.start_group is not None:
            self._group_order.remove_last(message.start_group, message)
            message.start_group = None
        return followers

    def remove_followers(self, message: InFlightMessage) -> list[InFlightMessage]:
        """Remove the messages behind this one in its group and return them."""
        if message.start_group is None:
            return []
        followers = self._group_order.remove_followers(message.start_group, message)
        for follower in followers:
            self._stop_waiting(follower)
            follower.start_group = None
        return followers

    def remove_head(self, message: InFlightMessage) -> None:
        """Remove a head that has finished; the next of its group becomes READY."""
        if message.start_group is None:
            return
        following = self._group_order.remove_head(message.start_group, message)
        message.start_group = None
        if following is not None:
            self._stop_waiting(following)
            self._make_ready(following)

    def _make_ready(self, message: InFlightMessage) -> None:
        message.state = State.READY
        self._ready[message.kind].append(message)

    def _stop_waiting(self, message: InFlightMessage) -> None:
        if message.state is State.READY:
            self._ready[message.kind].remove(message)
        elif message.state in UNSTARTED:
            self.waiting -= 1
