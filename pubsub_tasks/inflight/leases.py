"""Leases: how long each message in hand is ours, and when that must be renewed. Pure: it is told the time.

A lease is the visibility timeout of one receipt. It is renewed at half its length, by the batch, and a
renewal takes along whatever would be due soon, so that long handlers cost one call in ten and not one each.
It refuses to know queues: it names whose lease to extend and by how much, and is told what came of that.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from math import floor
from typing import Any, Generic, Protocol, TypeVar

from ..wire.records import MAX_VISIBILITY

CAP_MARGIN = 10
"""Seconds kept from the 12 h cap, which SQS counts from its own moment of receiving and not from ours."""


class VisibilityLease:
    """The lease of one message in hand, as its handler sees it: the `Lease` of a `Delivery`."""

    __slots__ = ("_clock", "lost", "received_at", "until")

    def __init__(self, received_at: float, seconds: float, clock: Callable[[], float]) -> None:
        self.received_at = received_at
        self.until = received_at + seconds
        self.lost = False
        self._clock = clock

    def remaining(self) -> float:
        """Seconds until others would see the message, were it not extended."""
        return self.left(self._clock())

    def left(self, now: float) -> float:
        """The same, told the time."""
        return max(0.0, self.until - now)

    def cap(self, now: float) -> int:
        """The longest visibility in seconds that SQS still grants this receipt, never negative."""
        return max(0, floor(self.received_at + MAX_VISIBILITY - CAP_MARGIN - now))


class Leased(Protocol):
    """What the leases must know of a message in hand."""

    hold: VisibilityLease
    extending: bool
    watch: dict[Any, None]

    @property
    def renewable(self) -> bool:
        """False once it is lost or settled, or while a command that ends the lease is under way."""
        ...


L = TypeVar("L", bound=Leased)


class Leases(Generic[L]):
    """Every lease in hand, by the time at which something must be done about it.

    Members are watched by the group, and each knows the one that it is in: who is forgotten leaves it at
    once, since a group would else keep in memory, for half a lease, what was handled long since.
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._order = count()
        self._heap: list[tuple[float, int, dict[L, None]]] = []
        self._lost: list[L] = []

    def hold(self, members: list[L], now: float) -> None:
        """These were received or extended just now."""
        ends = min((member.hold.until for member in members), default=now)
        self.again(members, min(now + self._seconds / 2, ends))

    def again(self, members: list[L], at: float) -> None:
        """Look at these at the given time."""
        if not members:
            return
        group = dict.fromkeys(members)
        for member in members:
            member.watch.pop(member, None)
            member.watch = group
        heapq.heappush(self._heap, (at, next(self._order), group))

    def extended(self, changes: Sequence[tuple[L, int]], sent_at: float, now: float) -> None:
        """These run for so many seconds from when the call was sent."""
        for member, seconds in changes:
            member.extending = False
            if not member.hold.lost:  # it ran out before this was heard, and its handler was told
                member.hold.until = sent_at + seconds
        self.hold([member for member, _ in changes if member.renewable], now)

    def not_extended(self, members: Sequence[L], now: float) -> None:
        """Extending these failed: try again soon, until they lapse."""
        for member in members:
            member.extending = False
            if member.renewable:
                self.again([member], min(member.hold.until, now + max(0.25, member.hold.left(now) / 4)))

    def forget(self, member: L) -> None:
        """It is settled, or no longer ours."""
        member.watch.pop(member, None)

    def resume(self, member: L, now: float) -> None:
        """A command that would have ended this lease failed: keep it on."""
        if not member.hold.lost:
            self.again([member], max(now, member.hold.until - self._seconds / 2))

    def lose(self, member: L) -> None:
        """It is no longer ours."""
        if not member.hold.lost:
            member.hold.lost = True
            self._lost.append(member)

    def told(self) -> list[L]:
        """Those lost since this was last asked."""
        lost, self._lost = self._lost, []
        return lost

    def wake_at(self) -> float | None:
        """When `due` or `told` has something to say, or None."""
        if self._lost:
            return 0.0
        while self._heap and not self._heap[0][2]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> tuple[list[tuple[L, int]], list[L]]:
        """(who is to be extended by how many seconds, whose lease has lapsed)."""
        if not self._heap or self._heap[0][0] > now:
            return [], []
        extensions: list[tuple[L, int]] = []
        lapsed: list[L] = []
        for member in list(self._soon(now)):
            self._judge(member, now, extensions, lapsed)
        return extensions, lapsed

    def _soon(self, now: float) -> Iterator[L]:
        horizon = now + self._seconds / 6
        while self._heap and self._heap[0][0] <= horizon:
            group = heapq.heappop(self._heap)[2]
            yield from (member for member in group if member.renewable)

    def _judge(self, member: L, now: float, extensions: list[tuple[L, int]], lapsed: list[L]) -> None:
        hold = member.hold
        if hold.until <= now:
            lapsed.append(member)
            return
        seconds = min(self._seconds, hold.cap(now))
        if not member.extending and now + seconds > hold.until:
            member.extending = True
            extensions.append((member, seconds))
        # Watched to the end of the lease, in case nothing is heard of the extension.
        self.again([member], hold.until)
