"""Receiving: one poll, opened and reported. It takes what the queue gives; no bad record makes it fail."""

from collections import deque
from collections.abc import Callable
from time import perf_counter, thread_time
from uuid import uuid4

from ..errors import PubSubTasksError
from ..inflight.commands import Poll
from ..inflight.in_flight_message import InFlightMessage, SlotKind
from ..inflight.leases import VisibilityLease
from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..tasks.events import Received
from ..tasks.observers import Observers
from ..transports.protocols import Queue
from ..untrusted.exceptions import SafeLogger
from ..wire.compression import BodyLimit
from ..wire.records import Record
from ..worker_health.call_health import CallHealth
from ..worker_health.retention_warning import RetentionWarning
from .coordinator import Coordinator

logger = SafeLogger(__name__)

OPENED_AT_ONCE = 65_536
"""Bytes up to which the thread that polls opens a compressed body; a larger one is opened for its handler."""

SAME_RECEIVE = 300.0
"""Seconds for which a FIFO queue knows a receive again. Source: SQS API reference, ReceiveMessage."""


class Receiver:
    """Polls one queue. `kind_of` says which kind of slot runs a delivery; `visibility` is seconds."""

    def __init__(
        self,
        coordinator: Coordinator,
        queue: Queue,
        kind_of: Callable[[Delivery], SlotKind],
        clock: Callable[[], float],
        visibility: int,
        call_health: CallHealth,
        observers: Observers,
        retention: RetentionWarning,
    ) -> None:
        self._coordinator = coordinator
        self._queue = queue
        self._kind_of = kind_of
        self._clock = clock
        self._visibility = visibility
        self._call_health = call_health
        self._observers = observers
        self._retention = retention
        self._unanswered: deque[tuple[str, float]] = deque()

    def receive(self, poll: Poll) -> None:
        """Poll, and put what comes into the station's hands."""
        members: list[InFlightMessage] | None = None
        since, began = self._clock(), (perf_counter(), thread_time())
        try:
            records = self._poll(poll)
            now = self._clock()
            members = [held for record in records if (held := self._hold(record, now)) is not None]
            self._call_health.succeeded()
        except PubSubTasksError as error:
            self._coordinator.pause_polls(self._call_health.failed(error, since))
        except BaseException as error:  # what it took comes back, and the worker goes on
            logger.error("receiving from %s failed unexpectedly", self._queue.name, exc_info=error)
            self._coordinator.pause_polls(self._call_health.failed(error, since))
        finally:
            self._report(poll, members, _at_once(*began))
        if members:
            self._retention.look(held.delivery.record for held in members)
        if members is not None and self._observers.wants(Received):
            self._observers.tell(Received(self._queue.name, len(members), perf_counter() - began[0]))

    def _report(self, poll: Poll, members: list[InFlightMessage] | None, at_once: float) -> None:
        with self._coordinator as inflight:
            inflight.received(members or [], poll.asked, self._clock(), at_once)
            if members is not None:
                self._coordinator.counters.received += len(members)
                self._coordinator.run_limit.poll_finished(len(members), inflight.idle)

    def _poll(self, poll: Poll) -> list[Record]:
        if not self._queue.fifo:
            return self._queue.receive(poll.asked, poll.wait, self._visibility)
        # A receive whose answer was lost is asked for again by the same id, else its groups would be locked
        # until the visibility runs out. Source: SQS API reference, ReceiveRequestAttemptId.
        attempt, since = self._attempt()
        try:
            return self._queue.receive(poll.asked, poll.wait, self._visibility, attempt)
        except BaseException:
            self._unanswered.append((attempt, since))
            raise

    def _attempt(self) -> tuple[str, float]:
        now = self._clock()
        while self._unanswered:
            attempt, since = self._unanswered.popleft()
            if now - since < SAME_RECEIVE:
                return attempt, since
        return str(uuid4()), now

    def _hold(self, record: Record, now: float) -> InFlightMessage | None:
        """None where a fault of ours prevents it: the message comes back, and its neighbours are handled."""
        try:
            hold = VisibilityLease(now, self._visibility, self._clock)
            delivery = decode_record(record, hold, limit=BodyLimit(OPENED_AT_ONCE))
            lane = record.group_id if self._queue.fifo else None
            return InFlightMessage(delivery, hold, self._kind_of(delivery), lane)
        except BaseException as error:
            logger.error("message %s cannot be taken in hand", record.message_id, exc_info=error)
            return None


def _at_once(wall: float, work: float) -> float:
    """How many calls like the one begun then a core could carry: all its time over the time it worked."""
    return (perf_counter() - wall) / max(thread_time() - work, 1e-6)
