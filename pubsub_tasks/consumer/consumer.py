"""Consumer: receives messages for a program with its own loop, which processes and acknowledges each.

This is the microcosm-pubsub interface; a worker does the same faster. A message that cannot be read does not
affect the others: its error is raised when its content is accessed.
"""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from ..dead_letters.dead_letter_copy import build_dead_letter
from ..dispatching.body_reader import BodyReader
from ..dispatching.handler_verdicts import verdict_on_error
from ..dispatching.unhandled_verdicts import retry_without_dead_letters, verdict_on_unreadable
from ..errors import LeaseLost, PubSubTasksError, SettleFailed
from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..messages.headers import HandlingToken, begin_handling, end_handling
from ..signals import Nack
from ..tasks.events import Observer, Settled
from ..tasks.observers import Observers
from ..tasks.registry import Tasks
from ..tasks.retry_policy import RetryPolicy
from ..transports.protocols import Queue
from ..untrusted.exceptions import safe_repr
from ..verdicts import Ack, DeadLetter, Release, Retry, Verdict
from ..wire.records import MAX_BATCH, MAX_VISIBILITY, EntryFailure, Sent
from ..wire.s3_pointer import ClaimStore
from .group_turns import Turn, turns

logger = logging.getLogger(__name__)


class Consumer:
    """Receives from one queue, and then from the queues of other consumers.

    Args:
        queue: the queue to receive from.
        tasks: the registry whose schemas read the content and whose policies decide when to retry.
        queue_name: logical name of the queue whose tasks' policies apply; None for no tasks.
        limit: messages in one receive, 1 to 10.
        wait: seconds that a receive waits for the first message, 0 to 20.
        visibility: visibility timeout of a receive in seconds; None for the queue's own.
        dead_letters: returns the dead-letter queue, or None; called when first needed.
        version: version of the app, recorded in dead letters.
        claims: the store of large bodies, or None.
        observers: receive the events of each settlement.
        others: consumers of more queues, whose messages follow its own.
        clock: epoch seconds.
    """

    def __init__(
        self,
        queue: Queue,
        tasks: Tasks,
        *,
        queue_name: str | None = None,
        limit: int = MAX_BATCH,
        wait: int = 20,
        visibility: int | None = None,
        dead_letters: Callable[[], Queue | None] = lambda: None,
        version: str = "",
        claims: ClaimStore | None = None,
        observers: Sequence[Observer] | Observers = (),
        others: "Sequence[Consumer]" = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.queue = queue
        self.clock = clock
        self.others = others
        self._tasks = tasks
        self._queue_name = queue_name
        self._limit, self._wait, self._visibility = limit, wait, visibility
        self._find_dead_letters = dead_letters
        self._version = version
        self._body_reader = BodyReader(tasks, queue_name or "", claims)
        self._observers = Observers.of(observers)

    def consume(self) -> "list[ConsumedMessage]":
        """Receive once from each queue: zero to `limit` messages of each. Raises ReceiveFailed."""
        records = self.queue.receive(self._limit, self._wait, self._visibility)
        now = self.clock()
        messages = [
            ConsumedMessage(self, self._body_reader.read(decode_record(record)), now, turn)
            for record, turn in zip(records, turns(records, self.queue.fifo), strict=True)
        ]
        for other in self.others:
            messages += other.consume()
        return messages

    def content(self, delivery: Delivery) -> Any:
        """The content of a delivery. Raises its defect, UnknownMediaType or InvalidContent."""
        if delivery.defect is not None:
            raise delivery.defect
        return self._tasks.schemas.find(delivery.media_type or "").load(delivery.fields)

    def decide(self, delivery: Delivery, error: BaseException, *, unread: bool = False) -> Verdict:
        """The verdict after an error in processing or, with `unread`, in reading the content."""
        if unread:
            return verdict_on_unreadable(error)
        return verdict_on_error(self._policy(delivery), delivery, error, self.clock())

    def settle(self, delivery: Delivery, verdict: Verdict, received_at: float) -> Verdict:
        """Carry out a verdict and return it, or the `Retry` that replaces a dead letter without its queue.

        Raises LeaseLost if the receipt handle has expired, SettleFailed for any other failure.
        """
        if isinstance(verdict, DeadLetter) and not self._send_to_dead_letters(delivery, verdict):
            verdict = retry_without_dead_letters(delivery, verdict, fifo=self.queue.fifo)
        handle = delivery.record.receipt_handle
        if isinstance(verdict, (Retry, Release)):
            wanted = math.ceil(verdict.after) if isinstance(verdict, Retry) else 0
            left = MAX_VISIBILITY - math.ceil(self.clock() - received_at)
            (answer,) = self.queue.change_visibility([(handle, max(0, min(wanted, left)))])
        else:
            (answer,) = self.queue.delete([handle])
        if answer is not None:
            raise _failure(delivery, answer)
        took = self.clock() - received_at
        self._observers.notify(Settled(self.queue.name, delivery, None, verdict, took))
        return verdict

    def _policy(self, delivery: Delivery) -> RetryPolicy:
        task = self._tasks.task_for(delivery, self._queue_name or "")
        return task.policy if task else RetryPolicy()

    @cached_property
    def _dead_letters(self) -> Queue | None:
        return self._find_dead_letters()

    def _send_to_dead_letters(self, delivery: Delivery, verdict: DeadLetter) -> bool:
        """Send a copy; returns False if there is no dead-letter queue."""
        if self._dead_letters is None:
            return False
        copy = build_dead_letter(
            delivery,
            verdict,
            task=None,
            queue=self.queue.url,
            now=self.clock(),
            version=self._version,
            size_limit=self._dead_letters.attributes().max_message_size,
            fifo=self._dead_letters.fifo,
        )
        (answer,) = self._dead_letters.send([copy])
        if not isinstance(answer, Sent):
            raise _failure(delivery, answer)
        return True


class ConsumedMessage:
    """One received message, to be settled once: by `ack`, by `nack`, or by a `with` block around its work.

    The block acknowledges on success. On an exception it settles as the retry policy or the signal says, and
    re-raises. Messages published in the block inherit the message's headers.

    On a FIFO queue, a message is given back instead if an earlier message of its group was not deleted.
    """

    def __init__(
        self, consumer: Consumer, delivery: Delivery, received_at: float, turn: Turn | None = None
    ) -> None:
        self.delivery = delivery
        self.consumer = consumer
        self._received_at = received_at
        self._turn = turn or Turn()
        self._verdict: Verdict | None = None
        self._unread: PubSubTasksError | None = None
        self._token: HandlingToken | None = None

    def __repr__(self) -> str:
        return f"<ConsumedMessage {self.message_id} of {self.media_type}>"

    @cached_property
    def content(self) -> Any:
        """Its content. Raises DecodeError, EnvelopeError, UnknownMediaType or InvalidContent."""
        try:
            return self.consumer.content(self.delivery)
        except PubSubTasksError as error:
            self._unread = error
            raise

    @property
    def media_type(self) -> str | None:
        """Its media type; None if the message cannot be read."""
        return self.delivery.media_type

    @property
    def message_id(self) -> str:
        """The id that `produce` returned if the message carries it, or else the id of SNS or SQS."""
        return self.delivery.id

    @property
    def approximate_receive_count(self) -> int:
        """How often it was received, an approximate count of SQS."""
        return self.delivery.receives

    @property
    def opaque_data(self) -> Mapping[str, str]:
        """Its headers."""
        return self.delivery.headers

    def ack(self) -> None:
        """Delete the message, which was processed. Raises LeaseLost or SettleFailed."""
        self.settle(Ack())

    def nack(self, seconds: float | None = None) -> None:
        """Retry after `seconds`, or as the retry policy says. Raises LeaseLost or SettleFailed."""
        verdict = self.consumer.decide(self.delivery, Nack()) if seconds is None else Retry(seconds)
        self.settle(verdict)

    def settle(self, verdict: Verdict) -> None:
        """Carry out a verdict. Raises LeaseLost or SettleFailed, the latter also if it is settled already."""
        if self._verdict is not None:
            raise SettleFailed(f"message {self.message_id} is settled already: {safe_repr(self._verdict)}")
        verdict = self._turn.admit(verdict, self.message_id)
        self._turn.settled(self.consumer.settle(self.delivery, verdict, self._received_at))
        self._verdict = verdict

    @property
    def barred(self) -> bool:
        """Whether it can only be given back, since an earlier message of its FIFO group was not deleted."""
        return self._turn.blocked

    def __enter__(self) -> Self:
        self._token = begin_handling(self.delivery.headers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None
        end_handling(self._token)
        if self._verdict is not None:
            return
        if error is None:
            self.ack()
        elif issubclass(type(error), Exception):
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Settle after an error; a failure is only logged, since the caller needs to see the error itself."""
        try:
            self.settle(self.consumer.decide(self.delivery, error, unread=error is self._unread))
        except PubSubTasksError:
            logger.warning(
                "message %s was not settled and becomes visible again", self.message_id, exc_info=True
            )


def _failure(delivery: Delivery, answer: EntryFailure) -> PubSubTasksError:
    kind = LeaseLost if answer.lost else SettleFailed
    return kind(f"message {delivery.id} was not settled: {answer.code} {answer.message}", code=answer.code)
