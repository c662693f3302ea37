"""The state machine of all messages in flight, from receive to settlement. No I/O; `now` is a parameter.

1. It has one owner and no locks: whoever shares it between threads holds one lock around it.
2. Each delivery gets one settlement. An illegal move raises `IllegalMove` and changes nothing.
3. A message is deleted only after success, an explicit drop, or a confirmed dead letter.
4. On a FIFO queue a group starts, is dead-lettered and is deleted in order (see `Groups`).

Events are methods, and commands come from `commands(now)`. Each member of a command is answered by an event:
`Delete` and `ChangeVisibility` by settled | unsettled | lost, `SendToDeadLetters` by dead_lettered or
unsettled, `ExtendLeases` by extended | not_extended | lapsed; `ReportLostLeases` needs no answer.
"""

from collections.abc import Callable, Iterable, Sequence
from math import inf

from ..verdicts import Ack, DeadLetter, Drop, Release, Retry, Verdict
from ..wire.records import MAX_BATCH, MAX_DELAY
from .commands import Command, ExtendLeases, ReportLostLeases
from .credit import Credit
from .in_flight_message import IllegalMove, InFlightMessage, Limits, SlotKind, State
from .leases import Leases
from .settlements import MOST_REFUSALS, PendingSettlements
from .start_order import UNSTARTED, StartOrder


class InFlight:
    """All that is in hand of one queue. `jitter` gives a chance from 0 to 1; `pace` is how quick it goes."""

    def __init__(self, limits: Limits, jitter: Callable[[], float] = lambda: 0.5) -> None:
        self.pace = Credit(limits)
        self._leases: Leases[InFlightMessage] = Leases(limits.visibility)
        self._start_order = StartOrder()
        self._settlements = PendingSettlements(limits.linger, jitter)
        self._held: set[InFlightMessage] = set()
        self._running = dict.fromkeys(SlotKind, 0)
        self.draining = False

    # Questions

    def __len__(self) -> int:
        return len(self._held)

    @property
    def polls(self) -> int:
        """Polls under way."""
        return self.pace.polls

    @property
    def idle(self) -> bool:
        """True when nothing is in hand and no poll is under way."""
        return not self._held and not self.polls

    @property
    def waiting(self) -> int:
        """How many wait behind another of their group, or for their next try."""
        return self._start_order.waiting

    def ready(self, kind: SlotKind) -> int:
        """How many could start at once, had they a slot."""
        return self._start_order.ready(kind)

    @property
    def batch_to_delete(self) -> bool:
        """True when a whole batch waits to be deleted."""
        return self._settlements.batch_to_delete

    def credit(self) -> int:
        """How many messages may be asked for in one more poll; 0 for none."""
        if self.draining or self.pace.enough:
            return 0
        ready = {kind: self._start_order.ready(kind) for kind in SlotKind}
        in_hand = max(len(self._held), len(self._settlements))  # which may hold some that are others' by now
        return self.pace.ask(self.pace.left(self._running, ready, self.waiting, in_hand), sum(ready.values()))

    def wake_at(self) -> float | None:
        """When `commands` may have something new without any event, or None."""
        times = [part.wake_at() for part in (self._leases, self._start_order, self._settlements)]
        return min((at for at in times if at is not None), default=None)

    # Receiving

    def polling(self, asked: int) -> None:
        """A poll for so many messages begins."""
        self.pace.polling(asked)

    def received(self, members: list[InFlightMessage], asked: int, now: float, at_once: float = inf) -> None:
        """That poll ended and brought these, in order; none when it failed. For `at_once` see `Credit`."""
        self.pace.polled(asked, len(members), at_once)
        if not members:
            return
        self._held.update(members)
        self._leases.hold(members, now)
        for held in members:
            self._settlements.join(held)
            self._start_order.join(held)
        if self.draining:
            self._give_back(members, now)

    # Running

    def start(self, kind: SlotKind, now: float) -> InFlightMessage | None:
        """A free slot takes the next delivery, or None. What lapsed unnoticed is left to its next holder."""
        while (held := self._start_order.take(kind)) is not None:
            held.state = State.RUNNING
            if held.hold.until > now:
                held.started_at = now
                self._running[kind] += 1
                return held
            self._lapse(held, now)
            self._forget(held)
        return None

    def finished(self, held: InFlightMessage, verdict: Verdict, now: float) -> None:
        """Its handler is done, and this is what becomes of it."""
        self._stop(held, verdict, now)
        if held.hold.until <= now and not held.hold.lost:
            self._lapse(held, now)
        if held.returns and not isinstance(verdict, Retry):
            verdict = held.verdict = Release()
        if isinstance(verdict, Ack | Drop):
            self._settle(held, State.DELETING, now)
            self._start_order.leave(held)
        elif held.hold.lost:
            self._forget(held)  # the next holder decides
        elif isinstance(verdict, DeadLetter):
            self._settle(held, State.SENDING_TO_DEAD_LETTERS, now)
        else:
            self._again(held, verdict, now)

    def abandoned(self, held: InFlightMessage, verdict: Verdict, now: float) -> None:
        """Its handler will not come back; its slot is replaced, and its group stays held with it."""
        if held.state is State.RUNNING:
            self._release(self._start_order.cut_behind(held), now)
            held.lane = None
        self.finished(held, verdict, now)

    def drain(self, now: float) -> None:
        """Receive and start no more; give back what was not started."""
        self.draining = True
        self._settlements.hurry(now)
        self._give_back(list(self._held), now)

    # Settling

    def commands(self, now: float) -> list[Command]:
        """What is to be done now."""
        changes, lapsed = self._leases.due(now)
        for held in lapsed:
            self._lapse(held, now)
        self._start_order.unpark(now)
        out: list[Command] = [
            ExtendLeases(changes[i : i + MAX_BATCH]) for i in range(0, len(changes), MAX_BATCH)
        ]
        out += self._settlements.take(now, everything=self.draining)
        return [*out, ReportLostLeases(lost)] if (lost := self._leases.told()) else out

    def settled(self, members: Sequence[InFlightMessage], now: float) -> None:
        """They are deleted, or the queue's again."""
        self._settlements.answered(members, State.DELETING, State.CHANGING_VISIBILITY)
        for held in members:
            self._settlements.confirmed(held, now)
            self._forget(held)

    def dead_lettered(self, members: Sequence[InFlightMessage], now: float) -> None:
        """Confirmed copies stand in the dead-letter queue."""
        self._settlements.answered(members, State.SENDING_TO_DEAD_LETTERS)
        for held in members:
            self._settle(held, State.DELETING, now)
            if held.hold.until <= now:
                self._lapse(held, now)
            self._start_order.leave(held)
            self._leases.resume(held, now)

    def unsettled(self, members: Sequence[InFlightMessage], now: float, refused: bool = False) -> None:
        """It failed. Deletes are tried until they succeed, others while leased; `refused` letters go back."""
        self._settlements.answered(members)
        for held in members:
            if held.state is not State.DELETING and (held.hold.lost or held.hold.until <= now):
                self._lapse(held, now)
                continue
            if refused and held.failures >= MOST_REFUSALS:
                self._again(held, Retry(MAX_DELAY + 1.0), now)  # longer than is waited in hand
            else:
                self._settlements.put_back(held, now)
            self._leases.resume(held, now)

    def lost(self, members: Sequence[InFlightMessage], now: float) -> None:
        """The service says, as they were to be settled, that these receipts are no longer good."""
        self._settlements.answered(members, State.DELETING, State.CHANGING_VISIBILITY)
        for held in members:
            self._leases.lose(held)
            self._give_back(self._settlements.cut(held), now)
            self._forget(held)

    def extended(self, changes: Sequence[tuple[InFlightMessage, int]], sent_at: float, now: float) -> None:
        """These leases run for so many seconds from when the call was sent."""
        self._leases.extended(changes, sent_at, now)

    def not_extended(self, members: Sequence[InFlightMessage], now: float) -> None:
        """Extending these failed; tried again soon, until the leases lapse."""
        self._leases.not_extended(members, now)

    def lapsed(self, members: Sequence[InFlightMessage], now: float) -> None:
        """The service says, as they were to be extended, that these receipts are no longer good."""
        for held in members:
            held.extending = False
            if held.state is not State.GONE:  # as one is that was deleted while this was under way
                self._lapse(held, now)

    # The inside

    def _stop(self, held: InFlightMessage, verdict: Verdict, now: float) -> None:
        if held.state is not State.RUNNING:
            raise IllegalMove(f"{held!r} does not run")
        held.verdict = verdict
        self._running[held.kind] -= 1
        self.pace.handled(now - held.started_at)

    def _settle(self, held: InFlightMessage, state: State, now: float) -> None:
        held.state = state
        self._settlements.put(held, now)

    def _again(self, held: InFlightMessage, verdict: Verdict, now: float) -> None:
        after = verdict.after if isinstance(verdict, Retry) else 0.0
        in_hand = held.lane is not None and isinstance(verdict, Retry) and after <= MAX_DELAY
        if in_hand and not held.returns and not self.draining and self.waiting < self.pace.waiting_limit:
            self._start_order.park(held, now + after)
        else:
            self._release(self._start_order.cut_behind(held), now)
            held.due_at = now + after
            self._settle(held, State.CHANGING_VISIBILITY, now)

    def _give_back(self, members: Iterable[InFlightMessage], now: float) -> None:
        """Release what was not started, what stands behind what was, and what must not be deleted."""
        for held in members:
            self._release(self._start_order.withdraw(held), now)
            if held.state is State.PARKED:
                self._settle(
                    held, State.CHANGING_VISIBILITY, now
                )  # until it is due, as it would have waited here
            elif held.state in UNSTARTED or (
                held.returns and held.state in (State.DELETING, State.SENDING_TO_DEAD_LETTERS)
            ):
                self._release([held], now)

    def _release(self, members: Iterable[InFlightMessage], now: float) -> None:
        for held in members:
            held.verdict, held.due_at = Release(), now
            self._settle(held, State.CHANGING_VISIBILITY, now)

    def _lapse(self, held: InFlightMessage, now: float) -> None:
        """Others may have it by now: what is behind it must not start here, nor is it ours to settle."""
        self._leases.lose(held)
        self._release(self._start_order.withdraw(held), now)
        self._give_back(self._settlements.cut(held), now)
        unsent = (
            held.state in (State.CHANGING_VISIBILITY, State.SENDING_TO_DEAD_LETTERS) and not held.commanded
        )
        if unsent or held.state in UNSTARTED or (held.state is State.DELETING and held.returns):
            self._forget(held)

    def _forget(self, held: InFlightMessage) -> None:
        held.state = State.GONE
        self._held.discard(held)
        self._leases.forget(held)
        self._start_order.leave(held)
