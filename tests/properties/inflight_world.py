"""A model of what surrounds `InFlight`: a queue with the rules of SQS, calls that fail, slots and a clock.

It plays arbitrary events and checks each move of `InFlight` against its own record of receives, verdicts and
leases. A wrong move is an AssertionError.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil

from pubsub_tasks.in_flight.commands import (
    ChangeVisibility,
    Delete,
    ExtendLeases,
    ReportLostLeases,
    SendToDeadLetters,
)
from pubsub_tasks.in_flight.in_flight_message import InFlightMessage, SlotKind, State
from pubsub_tasks.in_flight.leases import VisibilityLease
from pubsub_tasks.in_flight.state_machine import InFlight
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Release, Retry
from pubsub_tasks.wire.records import MAX_BATCH, MAX_DELAY, MAX_VISIBILITY, Record

LATEST_ARRIVAL = 8.0
"""Seconds after which a call that has not arrived never will; less than the margin of the 12 h limit."""

LATEST_ANSWER = 60.0


@dataclass(eq=False)
class Message:
    """One message in the queue."""

    number: int
    group: str | None
    kind: SlotKind
    receives: int = 0
    taken_at: float = 0.0
    hidden_until: float = 0.0
    receipt: "Receipt | None" = None
    letters: int = 0
    deleted: bool = False
    done: bool = False  # handled, dropped, or its dead letter confirmed


@dataclass(eq=False)
class Receipt:
    """One receipt, with the state that the worker should have it in."""

    message: Message
    tracked: InFlightMessage
    until: float
    receives: int
    phase: str = "waiting"  # waiting | parked | running | settling | over
    verdict: object = None
    command_type: type | None = None
    due_at: float = 0.0
    tries: int = 0
    cut: bool = False  # must be given back without running
    in_start_order: bool = False
    in_settling_order: bool = False  # takes part in the settling order of its group
    must_return: bool = False  # must be given back, since an earlier one of its group may return
    lost: bool = False
    command_sent: bool = False
    extending: bool = False
    nudged_at: float = 0.0  # the last time at which its lease could be extended

    @property
    def received_at(self) -> float:
        return self.tracked.lease.received_at


@dataclass(eq=False)
class Call:
    """A call under way."""

    command: object
    sent_at: float
    answers: list[str] | None = None
    members: list[Receipt] = field(default_factory=list)


class World:
    """Everything around the `InFlight` of one worker, and of its successor after a crash."""

    def __init__(self, limits, fifo):
        self.limits, self.fifo = limits, fifo
        self.now = 1000.0
        self.queue = []
        self._boot()

    def _boot(self):
        self.inflight = InFlight(self.limits, lambda: 0.5)
        self.in_flight, self.polls, self.wire = {}, [], []
        self.running = dict.fromkeys(SlotKind, 0)
        self.ghosts = set()
        self.draining = False
        self.lost, self.told = set(), Counter()

    # Events

    def send(self, group, kind):
        self.queue.append(Message(len(self.queue), f"g{group}" if self.fifo else None, kind))

    def crash(self):
        self._boot()
        for message in self.queue:
            if message.deleted:
                self._check_that_none_before_is_left(message)

    def drain(self):
        self.draining = True
        self.inflight.drain(self.now)
        for receipt in self._where("waiting", "parked"):
            receipt.cut, receipt.in_start_order, receipt.in_settling_order = True, False, False

    def poll(self):
        asked = self.inflight.next_poll_size()
        self._check_credit(asked)
        if asked:
            self.inflight.credit.poll_started(asked)
            self.polls.append(asked)

    def end_poll(self, index, fate, limit):
        asked = self.polls.pop(index % len(self.polls))
        taken = [] if fate == "failed" else self._take(min(asked, limit))
        if fate == "silent":
            taken = []
        members = [self._receive(message) for message in taken]
        self.inflight.received(members, asked, self.now)
        self._fill()

    def finish(self, receipt, verdict):
        self._stop(receipt, verdict)
        self.inflight.finished(receipt.tracked, verdict, self.now)
        self._fill()

    def abandon(self, receipt, verdict):
        if receipt.in_start_order:
            self.ghosts.add(receipt.message.group)
        self._cut_followers(receipt)
        receipt.in_start_order = False
        self._stop(receipt, verdict)
        self.inflight.abandoned(receipt.tracked, verdict, self.now)
        self._fill()

    # Time

    def stall(self, seconds):
        """Time passes while the process is suspended."""
        self.now += seconds
        for receipt in self.in_flight.values():
            receipt.nudged_at = self.now

    def advance(self, seconds, weather):
        """Time passes, commands are taken when due, and calls succeed, fail or are delayed."""
        if self.draining:
            seconds = min(seconds, LATEST_ANSWER)  # a stop does not wait longer
        elif weather == "slow" and seconds > LATEST_ANSWER:
            weather = "foul"  # no call takes that long
        end = self.now + seconds
        while (wake := self.inflight.wake_at()) is not None and wake <= end:
            self.now = max(self.now, wake)
            self._turn(weather)
        self.now = end
        self._turn(weather)

    def _turn(self, weather):
        for call in list(self.wire):
            if call.answers is None and self.now - call.sent_at > LATEST_ARRIVAL:
                self.act(call, "never", [])
            if call.answers is not None and self.now - call.sent_at > LATEST_ANSWER:
                self.answer(call)
        for call in self.take_commands():
            if weather != "slow":
                self.act(call, "ok" if weather == "fair" else "never", [])
                self.answer(call)

    def settle_down(self):
        """Let every call succeed from now on: each message must be settled once, and nothing remain."""
        self.drain()
        for _ in range(40):
            while self.polls:
                self.end_poll(0, "failed", 0)
            for receipt in self._where("running"):
                self.finish(receipt, Ack())
            for call in list(self.wire):
                self.act(call, "ok", [])
                self.answer(call)
            if self.inflight.idle:
                break
            self.advance(10.0, "fair")
        assert self.inflight.idle, f"still in hand: {list(self.in_flight)}"
        self.take_commands()
        assert self.told == dict.fromkeys(self.lost, 1), "each lost lease is told once"

    # Calls

    def take_commands(self):
        """Take the commands that are due, and start their calls."""
        self._notice()
        calls = []
        for command in self.inflight.commands(self.now):
            if isinstance(command, ReportLostLeases):
                self.told.update(command.messages)
            else:
                calls.append(self._check(command))
        self.wire += calls
        self._check_that_it_wakes()
        assert set(self.inflight.messages) == set(self.in_flight), "what is in hand is what was not settled"
        self._fill()
        self._check_that_nobody_waits()
        return calls

    def act(self, call, fate, refused):
        """Let a call reach the service: "ok", "silent" if its answer is lost, or "never"."""
        if call.answers is not None:
            return
        if fate == "never" or self.now - call.sent_at > LATEST_ARRIVAL:
            call.answers = ["failed"] * len(call.members)
            return
        seconds = dict(call.command.extensions) if isinstance(call.command, ExtendLeases) else {}
        answers = [
            "failed" if index in refused else self._serve(call.command, receipt, seconds)
            for index, receipt in enumerate(call.members)
        ]
        call.answers = ["failed"] * len(answers) if fate == "silent" else answers

    def answer(self, call):
        """Answer a call."""
        self.wire.remove(call)
        ok, failed, lost = (
            [each for each, answer in zip(call.members, call.answers, strict=True) if answer == kind]
            for kind in ("ok", "failed", "lost")
        )
        if isinstance(call.command, ExtendLeases):
            self._answer_extension(call, ok, failed, lost)
        else:
            self._answer_settlement(call, ok, failed, lost)
        self._fill()

    def _answer_extension(self, call, ok, failed, lost):
        seconds = dict(call.command.extensions)
        for receipt in call.members:
            receipt.extending = False
            receipt.nudged_at = self.now
        for receipt in ok:
            if not receipt.lost:
                receipt.until = call.sent_at + seconds[receipt.tracked]
        for receipt in lost:
            self._lapse(receipt)
        changes = [(receipt.tracked, seconds[receipt.tracked]) for receipt in ok]
        self.inflight.extended(changes, call.sent_at, self.now)
        self.inflight.extend_failed([receipt.tracked for receipt in failed], self.now)
        self.inflight.expired_on_extend([receipt.tracked for receipt in lost], self.now)
        for receipt in call.members:
            assert receipt.tracked.lease.until == receipt.until, "a lease runs from when it was asked for"

    def _answer_settlement(self, call, ok, failed, lost):
        letters = isinstance(call.command, SendToDeadLetters)
        for receipt in call.members:
            receipt.command_sent = False
            receipt.nudged_at = self.now
        for receipt in ok:
            self._confirm(receipt) if letters else self._end(receipt)
        for receipt in lost:
            self._lose(receipt)
            self._return_followers(receipt)
            self._end(receipt)
        for receipt in failed:
            if receipt.command_type is not Delete and (receipt.lost or receipt.until <= self.now):
                self._lapse(receipt)
        tracked = [receipt.tracked for receipt in ok]
        self.inflight.dead_lettered(tracked, self.now) if letters else self.inflight.settled(
            tracked, self.now
        )
        self.inflight.settle_failed([receipt.tracked for receipt in failed], self.now)
        self.inflight.expired_on_settle([receipt.tracked for receipt in lost], self.now)

    # The service

    def _take(self, limit):
        locked = {message.group for message in self.queue if self.fifo and self._in_flight(message)}
        taken = []
        for message in self.queue:
            free = message.group is None or message.group not in locked
            if len(taken) < limit and free and not message.deleted and message.hidden_until <= self.now:
                taken.append(message)
        for message in taken:
            message.receives += 1
            message.taken_at = self.now
            message.hidden_until = self.now + self.limits.visibility
            message.receipt = None
        return taken

    def _in_flight(self, message):
        return not message.deleted and message.hidden_until > self.now

    def _serve(self, command, receipt, seconds):
        message = receipt.message
        if isinstance(command, SendToDeadLetters):
            message.letters += 1
            return "ok"
        current = message.receipt is receipt
        if isinstance(command, Delete):
            if self.fifo and not message.deleted and not (current and self._in_flight(message)):
                return "lost"
            if current:
                assert message.done, f"message {message.number} is deleted though it was not handled"
                self._check_that_none_before_is_left(message)
                message.deleted = True
            return "ok"
        if not current or not self._in_flight(message):
            return "lost"
        wanted = (
            seconds[receipt.tracked]
            if isinstance(command, ExtendLeases)
            else receipt.tracked.visibility_timeout
        )
        assert self.now + wanted <= message.taken_at + MAX_VISIBILITY, "past 12 hours from the receipt"
        message.hidden_until = self.now + wanted
        return "ok"

    # Expected state of the worker

    def _receive(self, message):
        record = Record("{}", "handle", str(message.number), message.receives, group_id=message.group)
        lease = VisibilityLease(self.now, self.limits.visibility, lambda: self.now)
        delivery = Delivery(
            record, f"m{message.number}", "a/b", {}, {}, message.receives, 0.0, {}, lease=lease
        )
        tracked = InFlightMessage(delivery, lease, message.kind, message.group)
        receipt = Receipt(message, tracked, lease.until, message.receives, nudged_at=self.now)
        receipt.in_start_order = message.group is not None and not self.draining
        receipt.cut = self.draining
        receipt.in_settling_order = receipt.in_start_order
        message.receipt = self.in_flight[tracked] = receipt
        return tracked

    def _where(self, *phases):
        return [receipt for receipt in self.in_flight.values() if receipt.phase in phases]

    def _fill(self):
        slots = {SlotKind.THREAD: self.limits.threads, SlotKind.COROUTINE: self.limits.coroutines}
        for kind in SlotKind:
            while self.running[kind] < slots[kind]:
                tracked = self.inflight.start(kind, self.now)
                self._expire_unstarted()
                if tracked is None:
                    break
                self._started(tracked)

    def _expire_unstarted(self):
        for receipt in self._where("waiting"):
            if receipt.until <= self.now and receipt.tracked.state is State.GONE:
                self._lapse(receipt)

    def _started(self, tracked):
        receipt = self.in_flight[tracked]
        assert receipt.phase == "waiting", f"{tracked} starts though it is {receipt.phase}"
        assert not receipt.cut, f"{tracked} starts though it is to be given back"
        assert not self.draining, f"{tracked} starts while draining"
        assert receipt.until > self.now, f"{tracked} starts though its lease has lapsed"
        assert tracked.delivery.attempt == receipt.receives + receipt.tries, "attempts are receives and tries"
        if self.fifo:
            self._check_order(receipt)
        receipt.phase = "running"
        self.running[tracked.kind] += 1

    def _check_order(self, receipt):
        group, number = receipt.message.group, receipt.message.number
        assert group not in self.ghosts, "its group's handler did not end"
        assert all(other.done or other.deleted for other in self.queue[:number] if other.group == group), (
            f"message {number} of {group} starts before those before it are done"
        )
        for other in self.in_flight.values():
            if other is receipt:
                break
            assert not (other.in_start_order and other.message.group == group), "one at a time of a group"

    def _stop(self, receipt, verdict):
        if receipt.until <= self.now and not receipt.lost:
            self._lapse(receipt)
        self.running[receipt.tracked.kind] -= 1
        if receipt.must_return and not isinstance(verdict, Retry):
            verdict = Release()
        receipt.verdict = verdict
        receipt.phase = "settling"
        if isinstance(verdict, Ack | Drop):
            receipt.message.done = True
            receipt.command_type, receipt.in_start_order = Delete, False
        elif receipt.lost:
            self._end(receipt)
        elif isinstance(verdict, DeadLetter):
            receipt.command_type = SendToDeadLetters
        else:
            self._again(receipt, verdict.after if isinstance(verdict, Retry) else None)

    def _again(self, receipt, after):
        receipt.command_type, receipt.due_at = ChangeVisibility, self.now + (after or 0.0)
        parkable = receipt.in_start_order and after is not None and after <= MAX_DELAY
        if parkable and not (self.draining or receipt.must_return):
            receipt.phase = "parked"
        else:
            self._cut_followers(receipt)
            receipt.in_settling_order = False

    def _confirm(self, receipt):
        receipt.message.done = True
        receipt.command_type = Delete
        if receipt.until <= self.now:
            self._lapse(receipt)
        receipt.in_start_order = False

    def _cut_followers(self, receipt):
        if not receipt.in_start_order:
            return
        followers = list(self.in_flight.values())
        for other in followers[followers.index(receipt) + 1 :]:
            if other.in_start_order and other.message.group == receipt.message.group:
                other.cut, other.in_start_order, other.in_settling_order = True, False, False

    def _order(self, group):
        """The messages of a group in the order in which they are settled."""
        return [
            other
            for other in self.in_flight.values()
            if other.in_settling_order and other.message.group == group
        ]

    def _return_followers(self, receipt):
        """A message may return: those behind it must return after it, and so must it if one is before it."""
        if not receipt.in_settling_order:
            return
        order = self._order(receipt.message.group)
        place = order.index(receipt)
        for other in order[place:]:
            other.in_settling_order = False
        for other in order[max(place, 1) :]:
            other.must_return = True
            if other is not receipt:
                self._give_back(other)

    def _give_back(self, receipt):
        self._cut_followers(receipt)
        if receipt.phase == "settling":
            receipt.command_type = None
        if receipt.phase != "running":
            receipt.cut, receipt.in_start_order = True, False

    def _lose(self, receipt):
        receipt.lost = True
        self.lost.add(receipt.tracked)

    def _lapse(self, receipt):
        if receipt.phase == "over":
            return
        self._lose(receipt)
        self._cut_followers(receipt)
        self._return_followers(receipt)
        waits = receipt.phase in ("waiting", "parked")
        settles = receipt.command_type is Delete and not receipt.must_return
        if waits or (receipt.phase == "settling" and not settles and not receipt.command_sent):
            self._end(receipt)

    def _end(self, receipt):
        receipt.phase, receipt.in_start_order, receipt.in_settling_order = "over", False, False
        self.in_flight.pop(receipt.tracked, None)

    def _notice(self):
        """Update the expected state to the current time."""
        for receipt in list(self.in_flight.values()):
            if receipt.until <= self.now and not receipt.command_sent and not receipt.lost:
                self._check_that_it_was_extended(receipt)
                self._lapse(receipt)
        for receipt in self._where("parked"):
            if receipt.due_at <= self.now and not receipt.cut:
                receipt.phase, receipt.tries = "waiting", receipt.tries + 1

    # Properties

    def _check_credit(self, asked):
        busy = sum(self.running.values())
        waiting = [receipt for receipt in self._where("waiting", "parked") if not receipt.cut]
        ready = sum(self.inflight.ready(kind) for kind in SlotKind)
        limits = self.limits
        prefetch = 10 * limits.receivers if limits.prefetch is None else limits.prefetch
        room = limits.slots + prefetch + (max(100, 10 * limits.slots) if self.fifo else 0)
        assert 0 <= asked <= MAX_BATCH
        assert not (asked and self.draining), "nothing is received while draining"
        assert not asked or asked == MAX_BATCH or not ready, "a small poll only feeds idle slots"
        assert not asked or busy + len(waiting) + sum(self.polls) + asked <= room, "too much in hand"
        if not (self.draining or self.polls or waiting) and busy < limits.slots:
            assert asked, "slots are free, and nothing is on its way to them"

    def _check_that_nobody_waits(self):
        slots = {SlotKind.THREAD: self.limits.threads, SlotKind.COROUTINE: self.limits.coroutines}
        heads = set()
        for receipt in self.in_flight.values():
            group = receipt.message.group
            free = group is None or group not in heads | self.ghosts
            if receipt.phase == "waiting" and free and not receipt.cut:
                assert self.running[receipt.tracked.kind] >= slots[receipt.tracked.kind], (
                    f"{receipt.tracked} waits"
                )
            if receipt.in_start_order:
                heads.add(group)

    def _check_that_it_wakes(self):
        wake = self.inflight.wake_at()
        due = [receipt.due_at for receipt in self._where("parked") if not receipt.cut]
        due += [
            receipt.until
            for receipt in self.in_flight.values()
            if self._owned(receipt) and not receipt.command_sent
        ]
        assert wake is None or wake > self.now, "a busy loop"
        assert not due or (wake is not None and wake <= min(due)), "something will be due, and it sleeps"

    def _check_that_it_was_extended(self, receipt):
        at_the_cap = receipt.until > receipt.received_at + MAX_VISIBILITY - 12
        unanswered = receipt.extending or receipt.until - receipt.nudged_at <= 1.0
        assert at_the_cap or unanswered, (
            f"the lease of {receipt.tracked} ran out and nobody tried to extend it"
        )

    def _check(self, command):
        """Check that a command is right at this time."""
        tracked_messages = (
            [tracked for tracked, _ in command.extensions]
            if isinstance(command, ExtendLeases)
            else command.messages
        )
        assert 1 <= len(set(tracked_messages)) == len(tracked_messages) <= MAX_BATCH, (
            "a batch is of one to ten"
        )
        members = [self.in_flight[tracked] for tracked in tracked_messages]
        for receipt in members:
            assert not receipt.command_sent, f"{receipt.tracked} is being settled already"
            if isinstance(command, ExtendLeases):
                self._check_extension(receipt, dict(command.extensions)[receipt.tracked])
            else:
                self._check_settlement(command, receipt)
        return Call(command, self.now, members=members)

    def _check_extension(self, receipt, seconds):
        assert not receipt.extending, "extended twice at once"
        assert self._owned(receipt), "extended though lapsed"
        assert self.now < self.now + seconds <= receipt.received_at + MAX_VISIBILITY
        receipt.extending = True

    def _check_settlement(self, command, receipt):
        if isinstance(command, Delete):
            decided = receipt.phase == "settling" and receipt.command_type is Delete and receipt.message.done
            assert decided, f"{receipt.tracked} is deleted without a reason"
        else:
            assert self._owned(receipt), f"{receipt.tracked} is settled though its lease is lost"
        if isinstance(command, SendToDeadLetters):
            assert receipt.command_type is SendToDeadLetters, f"{receipt.tracked} is no dead letter"
        if isinstance(command, ChangeVisibility):
            self._check_visibility_change(receipt)
        else:
            self._check_turn(receipt)
        receipt.command_sent = True

    def _check_turn(self, receipt):
        """On a FIFO queue a message is settled only after all before it are deleted."""
        assert not receipt.must_return, f"{receipt.tracked} must come again after one before it"
        if self.fifo:
            self._check_that_none_before_is_left(receipt.message)
        if receipt.in_settling_order:
            assert self._order(receipt.message.group)[0] is receipt, f"{receipt.tracked} goes before its turn"

    def _check_that_none_before_is_left(self, message):
        """A crash now must not bring back an earlier message of the group."""
        before = [other for other in self.queue[: message.number] if other.group == message.group]
        left = [other.number for other in before if not other.deleted]
        assert message.group is None or not left, f"message {message.number} is gone and {left} come again"

    def _owned(self, receipt):
        return receipt.until > self.now and not receipt.lost

    def _check_visibility_change(self, receipt):
        assert not receipt.extending, "an extension may yet arrive, and undo it"
        assert receipt.cut or (receipt.phase == "settling" and receipt.command_type is ChangeVisibility), (
            f"{receipt.tracked} goes"
        )
        due_at = receipt.due_at if receipt.command_type is ChangeVisibility else self.now
        left = receipt.received_at + MAX_VISIBILITY - self.now
        wanted = min(max(0, ceil(due_at - self.now)), left)
        assert wanted - 11 <= receipt.tracked.visibility_timeout <= wanted + 1, (
            f"{receipt.tracked.visibility_timeout} s and not {wanted}"
        )
        assert receipt.tracked.visibility_timeout >= min(wanted, left - 11) - 1
        receipt.phase, receipt.command_type = "settling", ChangeVisibility
