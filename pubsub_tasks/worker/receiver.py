"""Receives messages: carries out one poll at a time and adds its messages to those in flight."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter, thread_time
from uuid import uuid4

from ..errors import PubSubTasksError
from ..in_flight.commands import Poll
from ..in_flight.in_flight_message import InFlightMessage, SlotKind
from ..in_flight.leases import VisibilityLease
from ..lifecycle.interruption import CallInterrupted, Interruption
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
"""Bytes up to which a compressed body is opened on receive; larger ones are opened for their handler."""

ATTEMPT_VALIDITY = 300.0
"""Seconds within which a FIFO queue repeats a receive of the same ReceiveRequestAttemptId.

Source: SQS API reference, ReceiveMessage.
"""


class Receiver:
    """Polls one queue.

    Args:
        coordinator: gets the received messages.
        queue: the queue to poll.
        slot_kind: returns the kind of slot that processes a delivery.
        clock: returns seconds that never go back.
        visibility: visibility timeout of received messages, in seconds.
        call_health: the health of the receive calls.
        observers: notified of `Received`.
        retention_warning: checks the age of received messages.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        queue: Queue,
        slot_kind: Callable[[Delivery], SlotKind],
        clock: Callable[[], float],
        visibility: int,
        call_health: CallHealth,
        observers: Observers,
        retention_warning: RetentionWarning,
    ) -> None:
        self._coordinator = coordinator
        self._queue = queue
        self._slot_kind = slot_kind
        self._clock = clock
        self._visibility = visibility
        self._call_health = call_health
        self._observers = observers
        self._retention_warning = retention_warning
        self._unanswered_attempts: deque[tuple[str, float]] = deque()
        self._interruption = Interruption()
        self._body_limit = BodyLimit(OPENED_AT_ONCE)

    def receive(self, poll: Poll) -> None:
        """Poll, and pass the messages to the coordinator. A failed poll pauses polling; it never raises."""
        messages: list[InFlightMessage] | None = None
        started = self._clock()
        wall_started, cpu_started = perf_counter(), thread_time()
        try:
            records = self._poll(poll)
            now = self._clock()
            messages = self._open_all(records, now)
            self._call_health.record_success()
        except PubSubTasksError as error:
            self._coordinator.pause_polls(self._call_health.record_failure(error, started))
        except BaseException as error:  # received messages become visible again
            logger.error("receiving from %s failed unexpectedly", self._queue.name, exc_info=error)
            self._coordinator.pause_polls(self._call_health.record_failure(error, started))
        finally:
            self._report(poll, messages, _concurrency(wall_started, cpu_started))
        if messages:
            self._retention_warning.check(message.delivery.record for message in messages)
        if messages is not None and self._observers.wants(Received):
            self._observers.notify(Received(self._queue.name, len(messages), perf_counter() - wall_started))

    def interrupt(self) -> None:
        """End the open polls of a FIFO queue, and later ones at once.

        Polls of a standard queue go on: messages in an unread answer are invisible until their visibility
        timeout. A FIFO queue repeats that answer when asked again.
        """
        if self._queue.fifo:
            self._interruption.interrupt()

    def _report(self, poll: Poll, messages: list[InFlightMessage] | None, concurrency: float) -> None:
        with self._coordinator as inflight:
            inflight.received(messages or [], poll.asked, self._clock(), concurrency)
            if messages is not None:
                self._coordinator.counters.received += len(messages)
                self._coordinator.run_limit.poll_finished(len(messages), inflight.idle)

    def _poll(self, poll: Poll) -> list[Record]:
        if not self._queue.fifo:
            return self._queue.receive(poll.asked, poll.wait, self._visibility)
        # A receive whose answer was lost is repeated with the same id. Otherwise its message groups would be
        # locked until the visibility timeout. Source: SQS API reference, ReceiveRequestAttemptId.
        attempt, since = self._next_attempt()
        try:
            return self._interruptible(poll, attempt)
        except BaseException:
            self._unanswered_attempts.append((attempt, since))
            raise

    def _interruptible(self, poll: Poll, attempt: str) -> list[Record]:
        """Poll; if the poll is interrupted, ask once for the messages that its answer may have had."""
        with suppress(CallInterrupted), self._interruption:
            return self._queue.receive(poll.asked, poll.wait, self._visibility, attempt)
        return self._queue.receive(poll.asked, 0, self._visibility, attempt)

    def _next_attempt(self) -> tuple[str, float]:
        now = self._clock()
        while self._unanswered_attempts:
            attempt, since = self._unanswered_attempts.popleft()
            if now - since < ATTEMPT_VALIDITY:
                return attempt, since
        return str(uuid4()), now

    def _open_all(self, records: list[Record], now: float) -> list[InFlightMessage]:
        """Return the messages of records, without those behind one of their group that cannot be opened."""
        messages: list[InFlightMessage] = []
        blocked: set[str] = set()
        for record in records:
            if self._queue.fifo and record.group_id in blocked:
                continue
            message = self._open(record, now)
            if message is not None:
                messages.append(message)
            elif record.group_id is not None:
                blocked.add(record.group_id)
        return messages

    def _open(self, record: Record, now: float) -> InFlightMessage | None:
        """Return the message of a record, or None after a fault of this library: it becomes visible again."""
        try:
            lease = VisibilityLease(now, self._visibility, self._clock)
            delivery = decode_record(record, lease, limit=self._body_limit)
            group = record.group_id if self._queue.fifo else None
            return InFlightMessage(delivery, lease, self._slot_kind(delivery), group)
        except BaseException as error:
            logger.error("message %s cannot be opened", record.message_id, exc_info=error)
            return None


def _concurrency(wall_started: float, cpu_started: float) -> float:
    """Return how many calls like the one just made a core can carry: elapsed time per CPU time."""
    return (perf_counter() - wall_started) / max(thread_time() - cpu_started, 1e-6)
