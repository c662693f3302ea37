"""StartOrder: what waits in hand to be started, and what may start next. Pure, told the time, no settlements.

On a standard queue all that is received may start at once. On a FIFO queue one message of each group has the
lane, its head, while the others are blocked; a head whose next try is some time off is parked, and its group
waits with it.
"""

import heapq
from collections import deque
from itertools import count

from ..messages.envelope import next_attempt
from .group_order import GroupOrder
from .in_flight_message import InFlightMessage, SlotKind, State

UNSTARTED = (State.READY, State.BLOCKED, State.PARKED)


class StartOrder:
    """All that is in hand and does not run."""

    def __init__(self) -> None:
        self._group_order: GroupOrder[InFlightMessage] = GroupOrder()
        self._ready: dict[SlotKind, deque[InFlightMessage]] = {kind: deque() for kind in SlotKind}
        self._parked: list[tuple[float, int, InFlightMessage]] = []
        self._order = count()
        self.waiting = 0

    def ready(self, kind: SlotKind) -> int:
        """How many could start at once, had they a slot."""
        return len(self._ready[kind])

    def wake_at(self) -> float | None:
        """When the next parked one is due, or None."""
        return self._parked[0][0] if self._parked else None

    def join(self, held: InFlightMessage) -> None:
        """It was received: it may start, or stands behind others of its group."""
        if held.lane is None or self._group_order.join(held.lane, held):
            self._make_ready(held)
        else:
            held.state = State.BLOCKED
            self.waiting += 1

    def take(self, kind: SlotKind) -> InFlightMessage | None:
        """The next to start in this kind of slot, or None."""
        line = self._ready[kind]
        return line.popleft() if line else None

    def park(self, held: InFlightMessage, at: float) -> None:
        """A head that is tried again at the given time; its group waits with it."""
        held.state = State.PARKED
        held.due_at = at
        self.waiting += 1
        heapq.heappush(self._parked, (at, next(self._order), held))

    def unpark(self, now: float) -> None:
        """Those whose time has come may start; it is one more attempt for each."""
        while self._parked and self._parked[0][0] <= now:
            held = heapq.heappop(self._parked)[2]
            if held.state is State.PARKED and held.due_at <= now:
                self.waiting -= 1
                held.delivery = next_attempt(held.delivery)
                self._make_ready(held)

    def withdraw(self, held: InFlightMessage) -> list[InFlightMessage]:
        """Take it out where it waits to start; returns those behind it, which are out as well."""
        behind = self.cut_behind(held)
        self._unwait(held)
        if held.state is State.BLOCKED and held.lane is not None:
            self._group_order.cut(held.lane, held)
            held.lane = None
        return behind

    def cut_behind(self, held: InFlightMessage) -> list[InFlightMessage]:
        """Take out all of its group that stand behind it."""
        if held.lane is None:
            return []
        behind = self._group_order.cut_behind(held.lane, held)
        for follower in behind:
            self._unwait(follower)
            follower.lane = None
        return behind

    def leave(self, held: InFlightMessage) -> None:
        """A head is finished with: the next of its group may start."""
        if held.lane is None:
            return
        following = self._group_order.leave(held.lane, held)
        held.lane = None
        if following is not None:
            self._unwait(following)
            self._make_ready(following)

    def _make_ready(self, held: InFlightMessage) -> None:
        held.state = State.READY
        self._ready[held.kind].append(held)

    def _unwait(self, held: InFlightMessage) -> None:
        if held.state is State.READY:
            self._ready[held.kind].remove(held)
        elif held.state in UNSTARTED:
            self.waiting -= 1
