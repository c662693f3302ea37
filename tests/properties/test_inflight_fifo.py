"""Whole histories on a FIFO queue: each group is handled in order in spite of failures, retries and crashes.

Two workers run after one another and concurrently, each an `InFlight` on the local broker, on a clock that
only the history advances. A worker that crashes disappears, and its leases expire.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pubsub_tasks.in_flight.commands import (
    ChangeVisibility,
    Delete,
    ExtendLeases,
    ReportLostLeases,
    SendToDeadLetters,
)
from pubsub_tasks.in_flight.in_flight_message import InFlightMessage, Limits, SlotKind
from pubsub_tasks.in_flight.leases import VisibilityLease
from pubsub_tasks.in_flight.state_machine import InFlight
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from pubsub_tasks.wire.records import Outgoing

VISIBILITY = 30
GROUPS = "ABC"

moves = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "receive",
                "receive",
                "finish",
                "finish",
                "finish",
                "settle",
                "settle",
                "wait",
                "drain",
                "crash",
                "cut",
            ]
        ),
        st.integers(0, 1),
        st.integers(0, 9),
        st.sampled_from(["ok", "ok", "ok", "lost", "fail"]),
    ),
    max_size=60,
)


class Shop:
    """A FIFO queue, its dead-letter queue, and what was handled of each group."""

    def __init__(self):
        self.clock = VirtualClock()
        transport = MemoryTransport(clock=self.clock)
        client = transport.client("sqs")
        urls = [
            client.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
            for name in ("orders.fifo", "dead.fifo")
        ]
        self.queue, self.dead = map(transport.queue, urls)
        self.handled = {group: [] for group in GROUPS}
        self.settled = {group: set() for group in GROUPS}
        self.gone = {group: [] for group in GROUPS}

    def publish(self, numbers):
        for number in numbers:
            group = GROUPS[number % len(GROUPS)]
            self.queue.send([Outgoing(f"{number}", group_id=group, deduplication_id=f"{number}")])

    def decided(self, group, number):
        """Record that a message was handled or dead-lettered: all before it must have been."""
        earlier = set(range(number % len(GROUPS), number, len(GROUPS)))
        assert earlier <= self.settled[group], f"{number} of {group} before {earlier - self.settled[group]}"
        self.settled[group].add(number)

    def delete(self, message):
        """Delete a message: no earlier message of its group may be left."""
        group, number = message.delivery.group, int(message.delivery.record.body)
        (answer,) = self.queue.delete([message.delivery.record.receipt_handle])
        if answer is None and number not in self.gone[group]:
            self.gone[group].append(number)
        assert (
            self.gone[group]
            == list(range(GROUPS.index(group), number + 1, len(GROUPS)))[: len(self.gone[group])]
        ), f"{number} of {group} is deleted before one that was sent before it"
        return answer


class Worker:
    """One process: `InFlight`, three slots, and calls that the history makes."""

    def __init__(self, shop):
        self.shop = shop
        self.inflight = InFlight(Limits(threads=3, visibility=VISIBILITY), lambda: 0.5)
        self.running = []

    def receive(self, fate):
        asked = self.inflight.next_poll_size()
        if not asked:
            return
        self.inflight.credit.poll_started(asked)
        records = [] if fate == "fail" else self.shop.queue.receive(asked, 0, VISIBILITY, None)
        members = [] if fate == "lost" else [self.in_flight_message(record) for record in records]
        self.inflight.received(members, asked, self.shop.clock())
        self.fill()

    def in_flight_message(self, record):
        lease = VisibilityLease(self.shop.clock(), VISIBILITY, self.shop.clock)
        return InFlightMessage(decode_record(record, lease), lease, SlotKind.THREAD, record.group_id)

    def fill(self):
        while len(self.running) < 3 and (message := self.inflight.start(SlotKind.THREAD, self.shop.clock())):
            groups = [other.delivery.group for other in self.running]
            assert message.delivery.group not in groups, "one at a time of a group"
            gone = self.shop.gone[message.delivery.group]
            assert not gone or int(message.delivery.record.body) > gone[-1], (
                "it comes after a later one is gone"
            )
            self.running.append(message)

    def finish(self, index, verdict):
        if self.running:
            message = self.running.pop(index % len(self.running))
            if isinstance(verdict, Ack):
                self.shop.decided(message.delivery.group, int(message.delivery.record.body))
            self.inflight.finished(message, verdict, self.shop.clock())
            self.fill()

    def settle(self, fate):
        """Carry out what is due: nothing of a call that fails, all of one whose answer is lost."""
        for command in self.inflight.commands(self.shop.clock()):
            if isinstance(command, ReportLostLeases):
                continue
            members = (
                [each for each, _ in command.extensions]
                if isinstance(command, ExtendLeases)
                else command.messages
            )
            answers = [None] * len(members) if fate == "fail" else self.call(command)
            failed = fate in ("fail", "lost")
            done = (
                []
                if failed
                else [message for message, answer in zip(members, answers, strict=True) if not answer]
            )
            self.tell(command, done, list(members) if failed else [], answers)
        self.fill()

    def die_deleting(self, deletes):
        """End the process after this many of the due deletes have reached the queue."""
        for command in self.inflight.commands(self.shop.clock()):
            for message in command.messages if isinstance(command, Delete) else []:
                if deletes:
                    self.shop.delete(message)
                    deletes -= 1

    def call(self, command):
        queue, now = self.shop.queue, self.shop.clock()
        handle = lambda message: message.delivery.record.receipt_handle  # noqa: E731
        match command:
            case Delete(members):
                groups = [message.delivery.group for message in members]
                assert len(set(groups)) == len(groups), "at most one of a group in one call"
                return [self.shop.delete(message) for message in members]
            case ChangeVisibility(members):
                return queue.change_visibility(
                    [(handle(message), message.visibility_timeout) for message in members]
                )
            case ExtendLeases(changes):
                assert all(message.lease.until > now for message, _ in changes)
                return queue.change_visibility([(handle(message), seconds) for message, seconds in changes])
            case SendToDeadLetters(members):
                self.shop.dead.send(
                    [
                        Outgoing(
                            message.delivery.record.body,
                            group_id=message.start_group,
                            deduplication_id=f"{id(message)}{now}",
                        )
                        for message in members
                    ]
                )
                return [None] * len(members)

    def tell(self, command, done, failed, answers):
        now = self.shop.clock()
        members = (
            [each for each, _ in command.extensions]
            if isinstance(command, ExtendLeases)
            else command.messages
        )
        lost = [message for message in members if message not in done and message not in failed]
        match command:
            case ExtendLeases(changes):
                self.inflight.extended([each for each in changes if each[0] in done], now, now)
                self.inflight.extend_failed(failed, now)
                self.inflight.expired_on_extend(lost, now)
            case SendToDeadLetters():
                for message in done:
                    self.shop.decided(message.delivery.group, int(message.delivery.record.body))
                self.inflight.dead_lettered(done, now)
                self.inflight.settle_failed(failed, now)
            case Delete() | ChangeVisibility():
                self.inflight.settled(done, now)
                self.inflight.settle_failed(failed, now)
                self.inflight.expired_on_settle(lost, now)


def verdict(index):
    return [
        Ack(),
        Ack(),
        Ack(),
        Ack(),
        Retry(0.0),
        Retry(5.0),
        Retry(40.0),
        Retry(1000.0),
        DeadLetter("failed"),
        Ack(),
    ][index]


@given(moves)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_each_group_is_handled_in_order(history):
    # Given twelve messages of three groups, and two workers
    shop = Shop()
    shop.publish(range(12))
    workers = [Worker(shop), Worker(shop)]

    # When they play the history
    for move, which, index, fate in history:
        worker = workers[which]
        match move:
            case "receive":
                worker.receive(fate)
            case "finish":
                worker.finish(index, verdict(index))
            case "settle":
                worker.settle(fate)
            case "wait":
                shop.clock.advance([0.1, 0.5, 3.0, 10.0, 14.0, 16.0, 31.0, 60.0, 901.0, 1001.0][index])
            case "drain":
                worker.inflight.drain(shop.clock())
            case "crash" | "cut":
                worker.die_deleting(index if move == "cut" else 0)
                workers[which] = Worker(shop)

    # Then the next worker handles the rest in order, and nothing is missing
    worker = Worker(shop)
    for _ in range(2000):
        worker.receive("ok")
        worker.finish(0, Ack())
        worker.settle("ok")
        shop.clock.advance(1.0)
        if all(len(shop.settled[group]) == 4 for group in GROUPS):
            break
    assert shop.settled == {group: set(range(index, 12, 3)) for index, group in enumerate(GROUPS)}


@given(turns=st.integers(0, 12), deletes=st.integers(0, 9), verdicts=st.lists(st.booleans(), min_size=12))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_after_a_crash_a_group_restarts_at_the_first_message_not_deleted(turns, deletes, verdicts):
    # Given a worker that acknowledges or dead-letters messages and crashes at any point
    shop = Shop()
    shop.publish(range(12))
    worker = Worker(shop)
    done = []
    for turn in range(turns):
        worker.receive("ok")
        while worker.running:
            number = int(worker.running[0].delivery.record.body)
            worker.finish(0, Ack() if verdicts[number] else DeadLetter("failed"))
            done.append(number)
        shop.clock.advance(0.1)
        if turn < turns - 1:
            worker.settle("ok")
    worker.die_deleting(deletes)

    # When its leases have expired and another worker takes over
    shop.clock.advance(VISIBILITY + 1.0)
    gone = {group: list(numbers) for group, numbers in shop.gone.items()}
    successor, again = Worker(shop), {group: [] for group in GROUPS}
    for _ in range(40):
        successor.receive("ok")
        while successor.running:
            message = successor.running[0]
            again[message.delivery.group].append(int(message.delivery.record.body))
            successor.finish(0, Ack())
        shop.clock.advance(0.1)
        successor.settle("ok")

    # Then each group continues in order with the first message that was not deleted
    for index, group in enumerate(GROUPS):
        assert again[group] == [number for number in range(index, 12, 3) if number not in gone[group]]
        assert gone[group] == list(range(index, 12, 3))[: len(gone[group])]
