"""Receiving: one poll, opened and reported. It takes what the queue gives; no bad record makes it fail."""

from collections import deque
from collections.abc import Callable
from time import perf_counter, thread_time
from uuid import uuid4

from ..delivery import Delivery
from ..envelope import open_record
from ..errors import PubSubTasksError
from ..events import Received
from ..observing import Observers
from ..odd_errors import GuardedLogger
from ..transports import Queue
from ..wire import Record
from .held import Held, Kind
from .jobs import Poll
from .leases import Hold
from .outage import Outage
from .retention import Retention
from .station import Station

logger = GuardedLogger(__name__)

SAME_RECEIVE = 300.0
"""Seconds for which a FIFO queue knows a receive again. Source: SQS API reference, ReceiveMessage."""


class Receiver:
    """Polls one queue. `kind_of` says which kind of slot runs a delivery; `visibility` is seconds."""

    def __init__(
        self,
        station: Station,
        queue: Queue,
        kind_of: Callable[[Delivery], Kind],
        clock: Callable[[], float],
        visibility: int,
        outage: Outage,
        observers: Observers,
        retention: Retention,
    ) -> None:
        self._station = station
        self._queue = queue
        self._kind_of = kind_of
        self._clock = clock
        self._visibility = visibility
        self._outage = outage
        self._observers = observers
        self._retention = retention
        self._unanswered: deque[tuple[str, float]] = deque()

    def receive(self, poll: Poll) -> None:
        """Poll, and put what comes into the station's hands."""
        members: list[Held] | None = None
        since, began = self._clock(), (perf_counter(), thread_time())
        try:
            records = self._poll(poll)
            now = self._clock()
            members = [held for record in records if (held := self._hold(record, now)) is not None]
            self._outage.succeeded()
        except PubSubTasksError as error:
            self._station.pause_polls(self._outage.failed(error, since))
        except BaseException as error:  # what it took comes back, and the worker goes on
            logger.error("receiving from %s failed unexpectedly", self._queue.name, exc_info=error)
            self._station.pause_polls(self._outage.failed(error, since))
        finally:
            self._report(poll, members, _at_once(*began))
        if members:
            self._retention.look(held.delivery.record for held in members)
        if members is not None and self._observers.wants(Received):
            self._observers.tell(Received(self._queue.name, len(members), perf_counter() - began[0]))

    def _report(self, poll: Poll, members: list[Held] | None, at_once: float) -> None:
        with self._station as inflight:
            inflight.received(members or [], poll.asked, self._clock(), at_once)
            if members is not None:
                self._station.tally.received += len(members)
                self._station.stint.polled(len(members), inflight.idle)

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

    def _hold(self, record: Record, now: float) -> Held | None:
        """None where a fault of ours prevents it: the message comes back, and its neighbours are handled."""
        try:
            hold = Hold(now, self._visibility, self._clock)
            delivery = open_record(record, hold)
            lane = record.group_id if self._queue.fifo else None
            return Held(delivery, hold, self._kind_of(delivery), lane)
        except BaseException as error:
            logger.error("message %s cannot be taken in hand", record.message_id, exc_info=error)
            return None


def _at_once(wall: float, work: float) -> float:
    """How many calls like the one begun then a core could carry: all its time over the time it worked."""
    return (perf_counter() - wall) / max(thread_time() - work, 1e-6)
