"""A source queue and its dead-letter queue in memory, with a virtual clock and scripted failures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from json import dumps
from threading import Event
from typing import Any
from uuid import uuid4

from pubsub_tasks.redrive.leased_letters import LeasedLetters
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.transports.protocols import Queue
from pubsub_tasks.wire.records import EntryFailure, Outgoing, Record

FOR_NOW = EntryFailure("InternalError", "try again", retriable=True)
FOR_GOOD = EntryFailure("InvalidMessageContents", "never", retriable=False)
SOMEBODY_ELSE_S = EntryFailure("ReceiptHandleIsInvalid", "expired", retriable=False, lost=True)


@dataclass(frozen=True)
class LostAnswer:
    """The call succeeds, but its answer is lost."""

    error: Exception


class ScriptedQueue:
    """A queue whose next calls can be made to fail.

    `script[method]` lists what the next calls do: raise an exception, raise `LostAnswer.error` after
    it succeeded, or call a function that returns None (carry out) or a failure for each entry.
    """

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.script: dict[str, list[Any]] = {"send": [], "delete": [], "change_visibility": []}
        self.calls: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.queue, name)

    def send(self, entries: Sequence[Outgoing]) -> Any:
        return self._asked("send", entries)

    def delete(self, handles: Sequence[str]) -> Any:
        return self._asked("delete", handles)

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> Any:
        return self._asked("change_visibility", changes)

    def _asked(self, method: str, entries: Sequence[Any]) -> Any:
        self.calls.append((method, len(entries)))
        told = self.script[method].pop(0) if self.script[method] else lambda entry: None
        if isinstance(told, BaseException):
            raise told
        if isinstance(told, LostAnswer):
            getattr(self.queue, method)(entries)
            raise told.error
        failures = [told(entry) for entry in entries]
        asked = [entry for entry, failure in zip(entries, failures, strict=True) if failure is None]
        done = iter(getattr(self.queue, method)(asked) if asked else [])
        return [next(done) if failure is None else failure for failure in failures]


@dataclass
class VirtualStop(Event):
    """A stop event that is never set by itself. Waiting advances the clock and is recorded."""

    clock: VirtualClock
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        self.clock.advance(timeout or 0.0)
        return self.is_set()


class QueuePair:
    """`letters` is the dead-letter queue of `source`; both are scripted."""

    def __init__(self, *, fifo: bool = False, receives: int = 1000, **attributes: str) -> None:
        self.clock = VirtualClock()
        self.transport = MemoryTransport(clock=self.clock)
        self.sqs = self.transport.client("sqs")
        self.fifo = fifo
        self.letters = ScriptedQueue(self.queue("orders-dlq", **attributes))
        arn = self.letters.attributes().arn
        policy = dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})
        self.source = ScriptedQueue(self.queue("orders", RedrivePolicy=policy))
        self.leased = LeasedLetters(self.letters, self.clock)  # type: ignore[arg-type]
        self.stop = VirtualStop(self.clock)

    def queue(self, name: str, **attributes: str) -> Queue:
        if self.fifo:
            name, attributes = f"{name}.fifo", {**attributes, "FifoQueue": "true"}
        return self.transport.queue(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def put(self, *bodies: str, group: Callable[[str], str] = lambda body: body[0]) -> None:
        """Send letters with these bodies to the dead-letter queue."""
        for body in bodies:
            ordered = {"group_id": group(body), "deduplication_id": uuid4().hex} if self.fifo else {}
            self.letters.queue.send([Outgoing(body, **ordered)])

    def send_to_source(self, *bodies: str) -> None:
        self.source.queue.send([Outgoing(body) for body in bodies])

    def visible_bodies(self, queue: Any = None) -> list[str]:
        """Bodies that another consumer could receive now. They are released afterwards."""
        return [record.body for record in self.records(queue)]

    def drained(self, queue: Any = None) -> list[str]:
        """Bodies of all messages, which are deleted, so that a group shows those behind its first ten."""
        queue = (queue or self.letters).queue
        found: list[str] = []
        while records := queue.receive(10, 0, 60):
            found += [record.body for record in records]
            queue.delete([record.receipt_handle for record in records])
        return found

    def records(self, queue: Any = None) -> list[Record]:
        queue = (queue or self.letters).queue
        found: list[Record] = []
        while records := queue.receive(10, 0, 60):
            found += records
        for record in found:
            queue.change_visibility([(record.receipt_handle, 0)])
        return found
