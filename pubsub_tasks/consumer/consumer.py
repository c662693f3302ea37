"""Consumer: messages by hand, as programs of microcosm lineage read them: consume, process, acknowledge.

For programs that want their own loop; a worker does the same at speed. Each message stands for itself: one
that cannot be read hides none of its neighbours, and says so when its content is asked for.
"""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import Token
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from ..batches.group_turns import Turn, turns
from ..dead_letters.dead_letter_copy import build_dead_letter
from ..dispatching.bodies import BodyReader
from ..dispatching.judging import judge_error, unreadable
from ..dispatching.screening import kept
from ..errors import LeaseLost, PubSubTasksError, SettleFailed
from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..messages.headers import begin_handling, end_handling
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

logger = logging.getLogger(__name__)


class Consumer:
    """Receives from one queue, and from those of other consumers after it.

    Args:
        queue: what to consume.
        tasks: their schemas read the content, and their policies say when a message is tried again.
        queue_name: logical name of the queue of those tasks, or None where no task is meant.
        limit: messages in one receive, 1 to 10.
        wait: seconds that a receive waits for the first message, 0 to 20.
        visibility: seconds for which received messages are ours; None for the queue's own.
        dead_letters: finds the queue for what cannot be handled; asked when first needed.
        version: ours, as letters tell it.
        claims: where the bodies of large messages are parked, if anywhere.
        others: consumers of more queues, whose messages come after its own.
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
        self._opening = BodyReader(tasks, queue_name or "", claims)
        self._observers = Observers.of(observers)

    def consume(self) -> "list[ConsumedMessage]":
        """Zero to `limit` messages of each queue. Raises ReceiveFailed."""
        records = self.queue.receive(self._limit, self._wait, self._visibility)
        now = self.clock()
        messages = [
            ConsumedMessage(self, self._opening.open(decode_record(record)), now, turn)
            for record, turn in zip(records, turns(records, self.queue.fifo), strict=True)
        ]
        for other in self.others:
            messages += other.consume()
        return messages

    def content(self, delivery: Delivery) -> Any:
        """What a delivery says. Raises its defect, UnknownMediaType, InvalidContent."""
        if delivery.defect is not None:
            raise delivery.defect
        return self._tasks.schemas.find(delivery.media_type or "").load(delivery.fields)

    def judge(self, delivery: Delivery, error: BaseException, *, unread: bool = False) -> Verdict:
        """What becomes of a delivery that was processed with this error, or could not even be read."""
        if unread:
            return unreadable(error)
        return judge_error(self._policy(delivery), delivery, error, self.clock())

    def settle(self, delivery: Delivery, verdict: Verdict, received_at: float) -> Verdict:
        """Carry out a verdict, and return what was done: without a dead-letter queue a dead letter is kept.

        Raises LeaseLost where the message is no longer ours, else SettleFailed.
        """
        if isinstance(verdict, DeadLetter) and not self._bury(delivery, verdict):
            verdict = kept(delivery, verdict, fifo=self.queue.fifo)
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
        self._observers.tell(Settled(self.queue.name, delivery, None, verdict, took))
        return verdict

    def _policy(self, delivery: Delivery) -> RetryPolicy:
        task = self._tasks.find(delivery.media_type or "", self._queue_name or "")
        return task.policy if task else RetryPolicy()

    @cached_property
    def _dead_letters(self) -> Queue | None:
        return self._find_dead_letters()

    def _bury(self, delivery: Delivery, verdict: DeadLetter) -> bool:
        """Whether a copy stands in the dead-letter queue now."""
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

    The block acknowledges on success. On an exception it nacks as the retry policy says (a signal such as
    `Nack(5)` decides for itself; what is hopeless goes to the dead-letter queue), and re-raises. What is
    published in the block carries on the message's headers.

    On a FIFO queue, one whose group has an earlier message that was not deleted is given back instead.
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
        self._token: Token[Mapping[str, str]] | None = None

    def __repr__(self) -> str:
        return f"<ConsumedMessage {self.message_id} of {self.media_type}>"

    @cached_property
    def content(self) -> Any:
        """What it says. Raises DecodeError, EnvelopeError, UnknownMediaType, InvalidContent."""
        try:
            return self.consumer.content(self.delivery)
        except PubSubTasksError as error:
            self._unread = error
            raise

    @property
    def media_type(self) -> str | None:
        """None where the message cannot be read."""
        return self.delivery.media_type

    @property
    def message_id(self) -> str:
        """The id that `produce` returned, where the message carries it; else SNS's, else SQS's."""
        return self.delivery.id

    @property
    def approximate_receive_count(self) -> int:
        """How often SQS handed it out."""
        return self.delivery.receives

    @property
    def opaque_data(self) -> Mapping[str, str]:
        """Its headers."""
        return self.delivery.headers

    def ack(self) -> None:
        """Processed: delete it. Raises LeaseLost, SettleFailed."""
        self.settle(Ack())

    def nack(self, seconds: float | None = None) -> None:
        """Not processed: receive it again after so many seconds, or when the retry policy says.

        After the last attempt that the policy allows, it goes to the dead-letter queue if there is one.
        """
        verdict = self.consumer.judge(self.delivery, Nack()) if seconds is None else Retry(seconds)
        self.settle(verdict)

    def settle(self, verdict: Verdict) -> None:
        """Carry out any verdict. Raises LeaseLost, SettleFailed, also where it is settled already."""
        if self._verdict is not None:
            raise SettleFailed(f"message {self.message_id} is settled already: {safe_repr(self._verdict)}")
        verdict = self._turn.admit(verdict, self.message_id)
        self._turn.settled(self.consumer.settle(self.delivery, verdict, self._received_at))
        self._verdict = verdict

    @property
    def barred(self) -> bool:
        """Whether it must come again, since an earlier message of its FIFO group does."""
        return self._turn.barred

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
        """The caller is to see the error itself, and not that it could not be reported as well."""
        try:
            self.settle(self.consumer.judge(self.delivery, error, unread=error is self._unread))
        except PubSubTasksError:
            logger.warning("message %s comes back when its visibility ends", self.message_id, exc_info=True)


def _failure(delivery: Delivery, answer: EntryFailure) -> PubSubTasksError:
    kind = LeaseLost if answer.lost else SettleFailed
    return kind(f"message {delivery.id} was not settled: {answer.code} {answer.message}", code=answer.code)
