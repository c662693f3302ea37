"""Visibility leases: how long each message in flight is ours, and when to extend it.

No I/O; `now` is a parameter. A lease is the visibility timeout of one receipt handle. It is extended at half
its length. An extension also covers every lease that is due soon, so that ten long-running handlers cost one
ChangeMessageVisibilityBatch call instead of ten.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from math import floor
from typing import Any, Generic, Protocol, TypeVar

from ..wire.records import MAX_VISIBILITY

CAP_MARGIN = 10
"""Seconds kept from the 12 h limit: SQS counts it from its own time of the receive, not from ours."""

SHORTEST_WAIT = 0.25
"""Seconds to wait, at least, before an extension that failed is tried again."""


class VisibilityLease:
    """The lease of one message in flight; handlers see it as `Delivery.lease`.

    Attributes:
        until: when it expires, on the worker's clock.
        lost: True once it expired or SQS rejected its receipt handle.
    """

    __slots__ = ("_clock", "lost", "received_at", "until")

    def __init__(self, received_at: float, seconds: float, clock: Callable[[], float]) -> None:
        self.received_at = received_at
        self.until = received_at + seconds
        self.lost = False
        self._clock = clock

    def remaining(self) -> float:
        """Seconds until the message becomes visible to other consumers, unless the lease is extended."""
        return self.remaining_at(self._clock())

    def remaining_at(self, now: float) -> float:
        """Seconds that remain at `now`, never negative."""
        return max(0.0, self.until - now)

    def longest_extension(self, now: float) -> int:
        """The longest visibility timeout in seconds that SQS still accepts for this receipt handle, or 0.

        Source: SQS API reference, ChangeMessageVisibility: 12 hours from the receive.
        """
        return max(0, floor(self.received_at + MAX_VISIBILITY - CAP_MARGIN - now))


class Leased(Protocol):
    """What `Leases` needs to know of a message in flight."""

    lease: VisibilityLease
    extending: bool
    watch_group: dict[Any, None]

    @property
    def renewable(self) -> bool:
        """False once its lease is lost or it is gone, and while a call that settles it is under way."""
        ...


L = TypeVar("L", bound=Leased)


class Leases(Generic[L]):
    """All leases, ordered by the time at which each must be checked.

    Members that were received or extended together are checked together: they form a watch group, and each
    member refers to its group. A member that is forgotten leaves the group at once; otherwise the group would
    keep handled messages in memory for half a lease.
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._order = count()
        self._heap: list[tuple[float, int, dict[L, None]]] = []
        self._lost: list[L] = []

    def watch(self, members: list[L], now: float) -> None:
        """Watch members that were just received or extended."""
        ends = min([member.lease.until for member in members], default=now)
        self.watch_at(members, min(now + self._seconds / 2, ends))

    def watch_at(self, members: list[L], at: float) -> None:
        """Check these members at the given time instead of the time set before."""
        if not members:
            return
        group = dict.fromkeys(members)
        for member in members:
            member.watch_group.pop(member, None)
            member.watch_group = group
        heapq.heappush(self._heap, (at, next(self._order), group))

    def extended(self, extensions: Sequence[tuple[L, int]], sent_at: float, now: float) -> None:
        """An extension succeeded. The leases run from `sent_at`, when the call was sent."""
        for member, seconds in extensions:
            member.extending = False
            if not member.lease.lost:  # it may have expired meanwhile, and its handler has seen that
                member.lease.until = sent_at + seconds
        self.watch([member for member, _ in extensions if member.renewable], now)

    def extend_failed(self, members: Sequence[L], now: float) -> None:
        """An extension failed; it is tried again soon, until the leases expire."""
        for member in members:
            member.extending = False
            if member.renewable:
                wait = max(SHORTEST_WAIT, member.lease.remaining_at(now) / 4)
                self.watch_at([member], min(member.lease.until, now + wait))

    def forget(self, member: L) -> None:
        """Stop watching a member that is settled or whose lease is lost."""
        member.watch_group.pop(member, None)

    def resume(self, member: L, now: float) -> None:
        """Watch a member again after a call that would have settled it failed."""
        if not member.lease.lost:
            self.watch_at([member], max(now, member.lease.until - self._seconds / 2))

    def mark_lost(self, member: L) -> None:
        """Mark its lease as lost; `take_lost` returns it once."""
        if not member.lease.lost:
            member.lease.lost = True
            self._lost.append(member)

    def take_lost(self) -> list[L]:
        """Return the members whose lease was lost since the last call."""
        lost, self._lost = self._lost, []
        return lost

    def wake_at(self) -> float | None:
        """When `due` or `take_lost` next has something to return, or None."""
        if self._lost:
            return 0.0
        while self._heap and not self._heap[0][2]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> tuple[list[tuple[L, int]], list[L]]:
        """Return (members to extend, each with its seconds; members whose lease has expired)."""
        if not self._heap or self._heap[0][0] > now:
            return [], []
        extensions: list[tuple[L, int]] = []
        expired: list[L] = []
        for member in list(self._due_soon(now)):
            self._check(member, now, extensions, expired)
        return extensions, expired

    def _due_soon(self, now: float) -> Iterator[L]:
        horizon = now + self._seconds / 6
        while self._heap and self._heap[0][0] <= horizon:
            group = heapq.heappop(self._heap)[2]
            yield from (member for member in group if member.renewable)

    def _check(self, member: L, now: float, extensions: list[tuple[L, int]], expired: list[L]) -> None:
        lease = member.lease
        if lease.until <= now:
            expired.append(member)
            return
        seconds = min(self._seconds, lease.longest_extension(now))
        if not member.extending and now + seconds > lease.until:
            member.extending = True
            extensions.append((member, seconds))
        # Watched until the lease ends, in case the extension is never answered.
        self.watch_at([member], lease.until)
