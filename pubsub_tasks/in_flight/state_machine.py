"""The state machine of all messages in flight, from receive to settlement. No I/O; `now` is a parameter.

1. It has no lock: an owner that shares it between threads holds one lock around every call.
2. Each delivery is settled once. An event that is not possible raises `IllegalMove` and changes nothing.
3. A message is deleted only after success, a `Drop`, or a confirmed dead letter.
4. On a FIFO queue the messages of a group start (`StartOrder`) and are settled (`SettlingOrder`) in order.

Events are methods; commands come from `commands(now)`. One event reports each message:
- `Delete`, `ChangeVisibility`: `settled`, `settle_failed` or `expired_on_settle`;
- `SendToDeadLetters`: `dead_lettered` or `settle_failed`;
- `ExtendLeases`: `extended`, `extend_failed` or `expired_on_extend`. `ReportLostLeases` needs none.
"""

from collections.abc import Callable, Iterable, Sequence
from math import inf

from ..verdicts import Ack, DeadLetter, Drop, Release, Retry, Verdict
from ..wire.records import MAX_BATCH, MAX_DELAY
from .commands import Command, ExtendLeases, ReportLostLeases
from .in_flight_message import IllegalMove, InFlightMessage, Limits, SlotKind, State
from .leases import Leases
from .prefetch import Credit
from .settlements import MOST_REFUSALS, PendingSettlements
from .start_order import UNSTARTED, StartOrder


class InFlight:
    """All messages in flight of one queue. `jitter` returns a number from 0 to 1, for back-offs."""

    def __init__(self, limits: Limits, jitter: Callable[[], float] = lambda: 0.5) -> None:
        self.credit = Credit(limits)
        self.draining = False
        self._leases: Leases[InFlightMessage] = Leases(limits.visibility)
        self._start_order = StartOrder()
        self._settlements = PendingSettlements(limits.linger, jitter)
        self.messages: set[InFlightMessage] = set()
        self._running = dict.fromkeys(SlotKind, 0)

    def __len__(self) -> int:
        return len(self.messages)

    @property
    def idle(self) -> bool:
        """True if nothing is in flight and no poll is open."""
        return not self.messages and not self.credit.polls

    @property
    def waiting(self) -> int:
        """Number of messages that wait behind another of their group, or for their next attempt."""
        return self._start_order.waiting

    def ready(self, kind: SlotKind) -> int:
        """Number of messages that could start at once if they had a slot of this kind."""
        return self._start_order.ready(kind)

    @property
    def batch_to_delete(self) -> bool:
        """True if a full batch waits to be deleted."""
        return self._settlements.deletes.full

    @property
    def is_settling(self) -> bool:
        """True if a full batch waits to be deleted, or a call that settles messages is under way."""
        return self._settlements.under_way > 0 or self._settlements.deletes.full

    def next_poll_size(self) -> int:
        """How many messages one more poll may ask for; 0 if no poll should be opened."""
        if self.draining or self.credit.polls_enough:
            return 0
        ready = {kind: self.ready(kind) for kind in SlotKind}
        # Settlements may outnumber messages: a lost lease leaves its delete behind.
        unsettled = max(len(self.messages), len(self._settlements))
        room = self.credit.room(self._running, ready, self.waiting, unsettled)
        return self.credit.poll_size(room, sum(ready.values()))

    def wake_at(self) -> float | None:
        """When `commands` may next return something without a new event, or None."""
        times = [part.wake_at() for part in (self._leases, self._start_order, self._settlements)]
        return min((at for at in times if at is not None), default=None)

    def received(
        self, messages: list[InFlightMessage], asked: int, now: float, polls_per_core: float = inf
    ) -> None:
        """A poll that `credit` counts ended with these messages, in order; with none if it failed."""
        self.credit.poll_finished(asked, len(messages), polls_per_core)
        if not messages:
            return
        self.messages.update(messages)
        self._leases.watch(messages, now)
        for message in messages:
            if message.group is not None:
                self._settlements.add(message)
            self._start_order.add(message)
        if self.draining:
            self._give_back(messages, now)

    def start(self, kind: SlotKind, now: float) -> InFlightMessage | None:
        """Start the next message in a free slot, or return None. Messages whose lease expired are skipped."""
        while (message := self._start_order.take(kind)) is not None:
            message.state = State.RUNNING
            if message.lease.until > now:
                message.started_at = now
                self._running[kind] += 1
                return message
            self._lose_lease(message, now)
            self._remove(message)
        return None

    def finished(self, message: InFlightMessage, verdict: Verdict, now: float) -> None:
        """The handler of a running message ended with this verdict."""
        self._stop(message, verdict, now)
        if message.lease.until <= now and not message.lease.lost:
            self._lose_lease(message, now)
        if message.must_return and not isinstance(verdict, Retry):
            verdict = message.verdict = Release()
        if isinstance(verdict, Ack | Drop):
            self._settle(message, State.DELETING, now)
            if message.start_group is not None:
                self._start_order.remove_head(message)
        elif message.lease.lost:
            self._remove(message)  # another consumer decides
        elif isinstance(verdict, DeadLetter):
            self._settle(message, State.SENDING_TO_DEAD_LETTERS, now)
        else:
            self._retry(message, verdict, now)

    def abandoned(self, message: InFlightMessage, verdict: Verdict, now: float) -> None:
        """The handler of a running message will not return; its group starts nothing more here."""
        if message.state is State.RUNNING:
            self._release(self._start_order.remove_followers(message), now)
            message.start_group = None
        self.finished(message, verdict, now)

    def drain(self, now: float) -> None:
        """Receive and start nothing more; release what was not started."""
        self.draining = True
        self._settlements.hurry(now)
        self._give_back(list(self.messages), now)

    def commands(self, now: float) -> list[Command]:
        """The commands that are due."""
        extensions, expired = self._leases.due(now)
        for message in expired:
            self._lose_lease(message, now)
        self._start_order.unpark(now)
        starts = range(0, len(extensions), MAX_BATCH)
        out: list[Command] = [ExtendLeases(extensions[i : i + MAX_BATCH]) for i in starts]
        out += self._settlements.take(now, everything=self.draining)
        return [*out, ReportLostLeases(lost)] if (lost := self._leases.take_lost()) else out

    def settled(self, messages: Sequence[InFlightMessage], now: float) -> None:
        """These messages are deleted, or visible to other consumers again."""
        self._settlements.answered(messages, State.DELETING, State.CHANGING_VISIBILITY)
        for message in messages:
            self._settlements.confirmed(message, now)
            self._remove(message)

    def dead_lettered(self, messages: Sequence[InFlightMessage], now: float) -> None:
        """Copies of these messages are confirmed by the dead-letter queue."""
        self._settlements.answered(messages, State.SENDING_TO_DEAD_LETTERS)
        for message in messages:
            self._settle(message, State.DELETING, now)
            if message.lease.until <= now:
                self._lose_lease(message, now)
            self._start_order.remove_head(message)
            self._leases.resume(message, now)

    def settle_failed(self, messages: Sequence[InFlightMessage], now: float, refused: bool = False) -> None:
        """A call failed. Deletes are tried until they succeed, others while leased; `refused`: go back."""
        self._settlements.answered(messages)
        for message in messages:
            if message.state is not State.DELETING and (message.lease.lost or message.lease.until <= now):
                self._lose_lease(message, now)
                continue
            if refused and message.failures >= MOST_REFUSALS:
                self._retry(message, Retry(MAX_DELAY + 1.0), now)  # too long to be parked
            else:
                self._settlements.put_back(message, now)
            self._leases.resume(message, now)

    def expired_on_settle(self, messages: Sequence[InFlightMessage], now: float) -> None:
        """SQS rejected these receipt handles in a call that settles them."""
        self._settlements.answered(messages, State.DELETING, State.CHANGING_VISIBILITY)
        for message in messages:
            self._leases.mark_lost(message)
            self._give_back(self._settlements.truncate(message), now)
            self._remove(message)

    def extended(self, extensions: Sequence[tuple[InFlightMessage, int]], sent_at: float, now: float) -> None:
        """These leases run for that many seconds from when the call was sent."""
        self._leases.extended(extensions, sent_at, now)

    def extend_failed(self, messages: Sequence[InFlightMessage], now: float) -> None:
        """Extending these failed; it is tried again soon, until the leases expire."""
        self._leases.extend_failed(messages, now)

    def expired_on_extend(self, messages: Sequence[InFlightMessage], now: float) -> None:
        """SQS rejected these receipt handles in a call that extends their leases."""
        for message in messages:
            message.extending = False
            if message.state is not State.GONE:  # it may have been deleted during the call
                self._lose_lease(message, now)

    def _stop(self, message: InFlightMessage, verdict: Verdict, now: float) -> None:
        if message.state is not State.RUNNING:
            raise IllegalMove(f"{message!r} is not running")
        message.verdict = verdict
        self._running[message.kind] -= 1
        self.credit.handler_finished(now - message.started_at)

    def _settle(self, message: InFlightMessage, state: State, now: float) -> None:
        message.state = state
        self._settlements.put(message, now)

    def _retry(self, message: InFlightMessage, verdict: Verdict, now: float) -> None:
        """Park the head of a FIFO group for a short wait; give any other message back to the queue."""
        after = verdict.after if isinstance(verdict, Retry) else 0.0
        parkable = message.start_group is not None and isinstance(verdict, Retry) and after <= MAX_DELAY
        room = not self.draining and self.waiting < self.credit.waiting_limit
        if parkable and room and not message.must_return:
            self._start_order.park(message, now + after)
        else:
            self._release(self._start_order.remove_followers(message), now)
            message.due_at = now + after
            self._settle(message, State.CHANGING_VISIBILITY, now)

    def _give_back(self, messages: Iterable[InFlightMessage], now: float) -> None:
        """Release unstarted messages, their followers, and settlements that must return."""
        for message in messages:
            self._release(self._start_order.withdraw(message), now)
            settling = message.state in (State.DELETING, State.SENDING_TO_DEAD_LETTERS)
            if message.state is State.PARKED:
                self._settle(message, State.CHANGING_VISIBILITY, now)  # until it is due
            elif message.state in UNSTARTED or (message.must_return and settling):
                self._release([message], now)

    def _release(self, messages: Iterable[InFlightMessage], now: float) -> None:
        for message in messages:
            message.verdict, message.due_at = Release(), now
            self._settle(message, State.CHANGING_VISIBILITY, now)

    def _lose_lease(self, message: InFlightMessage, now: float) -> None:
        """Another consumer may have the message: stop its followers, and most ways of settling it."""
        self._leases.mark_lost(message)
        self._release(self._start_order.withdraw(message), now)
        self._give_back(self._settlements.truncate(message), now)
        settling = message.state in (State.CHANGING_VISIBILITY, State.SENDING_TO_DEAD_LETTERS)
        returning = message.state is State.DELETING and message.must_return
        if (settling and not message.command_sent) or message.state in UNSTARTED or returning:
            self._remove(message)

    def _remove(self, message: InFlightMessage) -> None:
        message.state = State.GONE
        self.messages.discard(message)
        self._leases.forget(message)
        if message.start_group is not None:
            self._start_order.remove_head(message)
