"""Bench: a worker's own parts around a queue in memory, stepped by hand, on a clock that is turned.

The worker is never started: what its threads do happens here one after the other, a poll, the handlers, the
settlements, and hours pass in no time.
"""

import json
from collections.abc import Iterable
from typing import Any

from pubsub_tasks import Tasks
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.dispatching.unknown_messages import UnknownPolicy
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.in_flight.commands import Poll
from pubsub_tasks.in_flight.in_flight_message import SlotKind
from pubsub_tasks.processes.service import dead_letter_target
from pubsub_tasks.tasks.events import Event
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.wire.records import Outgoing, Record, Sent
from pubsub_tasks.worker.worker import Worker
from tests.faults.spoilt import SpoiltTransport

STEP = 0.01
"""Seconds that pass at least, where something is due that nothing comes of."""


class Bench:
    """A queue with a dead-letter queue, and what serves it.

    Attributes:
        slip: seconds by which the wall clock goes wrong; leases are kept by another.
        seen: the events that an observer would see.
    """

    def __init__(
        self,
        tasks: Tasks,
        *,
        unknown: UnknownPolicy | None = "dead-letter",
        max_receive_count: int = 100,
        letters: bool = True,
        visibility: int = 30,
        fifo: bool = False,
    ) -> None:
        self.clock = VirtualClock()
        self.transport = SpoiltTransport(self.clock)
        self.slip = 0.0
        self.seen: list[Event] = []
        self._tasks, self._unknown, self._letters = tasks, unknown, letters
        self._capacity = Capacity(threads=4, visibility=visibility)
        sqs = self.transport.client("sqs")
        suffix, kind = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
        made = sqs.create_queue(QueueName=f"dead{suffix}", Attributes=kind)
        self.dead = self.transport.queue(made["QueueUrl"])
        policy = {"deadLetterTargetArn": self.dead.attributes().arn, "maxReceiveCount": max_receive_count}
        redrive = {"RedrivePolicy": json.dumps(policy)} if letters else {}
        made = sqs.create_queue(QueueName=f"orders{suffix}", Attributes=kind | redrive)
        self.queue = self.transport.queue(made["QueueUrl"])
        self.start()

    def start(self) -> None:
        """A worker process begins, and knows nothing of one before it."""
        dispatcher = Dispatcher(
            self._tasks,
            "default",
            unknown=self._unknown,
            max_receive_count=self.queue.attributes().max_receive_count,
            fifo=self.queue.fifo,
        )
        worker = Worker(
            self.queue,
            dispatcher,
            dead_letters=dead_letter_target(self.dead, self.queue) if self._letters else None,
            capacity=self._capacity,
            observers=[self.seen.append],
            clock=self.clock,
            wall=self.wall,
        )
        self.handle = worker._processor.process
        self.coordinator, self.settler = worker._coordinator, worker._settler
        self.receiver, self._receive_health = worker._receiver, worker._receive_health
        with self.coordinator as inflight:
            self.inflight = inflight

    def replace(self, tasks: Tasks) -> None:
        """Deploy: what runs is drained, and a worker with other tasks begins."""
        self.drain()
        self.settle()
        self._tasks = tasks
        self.start()

    crash = start
    """A process that is killed: what it had in hand comes back when its visibility ends."""

    def wall(self) -> float:
        """Epoch seconds as the worker's machine sees them."""
        return self.clock() + self.slip

    def send(self, *bodies: str, **fields: Any) -> list[str]:
        """Straight to the queue; gives the SQS message ids."""
        answers = [self.queue.send([Outgoing(body, **fields)])[0] for body in bodies]
        return [answer.message_id for answer in answers if isinstance(answer, Sent)]

    def live(self, seconds: float = 1.0) -> None:
        """Let so much time pass, and do all that is to be done in it."""
        end = self.clock() + seconds
        while True:
            while self.turn():
                pass
            now = self.clock()
            if now >= end:
                return
            self.clock.advance(min(max(self._next(now, end) - now, STEP), end - now))

    def during(self, seconds: float) -> None:
        """What goes on beside a handler that takes so long: leases are kept, and settlements made."""
        end = self.clock() + seconds
        while (now := self.clock()) < end:
            wakes = self.inflight.wake_at()
            at = end if wakes is None else min(wakes, end)
            self.clock.advance(min(max(at - now, STEP), end - now))
            self.settle()

    def turn(self) -> bool:
        """A poll, what could start, what was to be settled; whether anything moved."""
        with self.coordinator as inflight:
            asked = inflight.next_poll_size()
            if asked:
                inflight.credit.poll_started(asked)
        if asked:
            self.receiver.receive(Poll(asked, 0))
        moved = False
        while (held := self.inflight.start(SlotKind.THREAD, self.clock())) is not None:
            verdict = self.handle(held)
            assert verdict is not None
            with self.coordinator as inflight:
                inflight.finished(held, verdict, self.clock())
            moved = True
        return self.settle() or moved

    def settle(self) -> bool:
        """Carry out what is due; whether anything was."""
        commands = self.inflight.commands(self.clock())
        for command in commands:
            self.settler.carry_out(command)
        return bool(commands)

    def drain(self) -> None:
        """As at SIGTERM: receive no more, give back what was not started."""
        self.coordinator.drain()

    def left(self) -> int:
        """What the queue still holds, wherever it stands."""
        told = self.queue.attributes()
        return told.visible + told.in_flight + told.delayed

    def letters(self) -> list[Record]:
        """All dead letters, taken out of their queue."""
        taken: list[Record] = []
        while records := self.dead.receive(10, 0, None):
            taken += records
            self.dead.delete([record.receipt_handle for record in records])
        return taken

    def _next(self, now: float, end: float) -> float:
        polls_again = now + 1 if self._receive_health.failing else None
        wakes = [
            self.inflight.wake_at(),
            self.transport.broker.wake_at(self.queue.url, now),
            polls_again,
            end,
        ]
        return min(at for at in wakes if at is not None)


def told(letter: Record) -> dict[str, Any]:
    """What a dead letter tells of its failure."""
    found: dict[str, Any] = json.loads(letter.attributes["dead_letter"].value)
    return found


def reasons(letters: Iterable[Record]) -> list[str]:
    """Why each was given up."""
    return [told(letter)["reason"] for letter in letters]
