"""Settles what Lambda does not: sends dead letters, delayed copies and visibility timeouts of one source.

Nothing is asked of AWS until a message needs it, so that boto3 is not imported for an event that succeeds.
"""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from math import ceil

from ..dead_letters.dead_letter_copy import build_dead_letter
from ..errors import ConfigurationError, PubSubTasksError, SettleFailed
from ..messages.delivery import Delivery
from ..processes.served_queue import find_dead_letter_queue
from ..transports.protocols import Queue, Transport
from ..untrusted.exceptions import SafeLogger, error_text
from ..verdicts import DeadLetter
from ..version import VERSION
from ..wire.records import INTERVENTION_CODES, MAX_BATCH, MAX_VISIBILITY, EntryFailure, Outgoing, Record, Sent

logger = SafeLogger(__name__)

LONGEST_VISIBILITY = MAX_VISIBILITY - 1_200
"""Seconds of a visibility timeout. SQS counts its limit from the receive: up to five minutes before the
invocation, which itself may take fifteen."""


class Settlement:
    """Settles the messages of one queue or topic.

    Args:
        source: the ARN of the queue, or None for messages that come from no queue.
        name: the name of the source, for dead letters and logs.
        connect: returns the transport; called at first need.
        dead_letter_queue_url: the dead-letter queue; None for the one of the queue's redrive policy.
        wall: returns epoch seconds.
    """

    def __init__(
        self,
        source: str | None,
        name: str,
        connect: Callable[[], Transport],
        dead_letter_queue_url: str | None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._name = name
        self._connect = connect
        self._dead_letter_queue_url = dead_letter_queue_url
        self._wall = wall
        self._may_change_visibility = source is not None

    # Two threads may both compute a cached property at first use, which costs a call and changes nothing.

    @cached_property
    def _queue(self) -> Queue | None:
        if self._source is None:
            return None
        transport = self._connect()
        return transport.queue(transport.queue_url(self._source))

    def max_receive_count(self) -> int | None:
        """The count in the queue's redrive policy, or None. Raises PubSubTasksError."""
        return self._queue.attributes().max_receive_count if self._queue else None

    @cached_property
    def _dead_letter_queue(self) -> Queue | None:
        url = self._dead_letter_queue_url
        if url is not None:
            return self._connect().queue(url)
        if self._queue is None:
            return None
        return find_dead_letter_queue(self._connect(), self._queue.attributes(), None)

    @cached_property
    def _size_limit(self) -> int:
        return self._dead_letter_queue.attributes().max_message_size if self._dead_letter_queue else 0

    def lacks_dead_letter_queue(self) -> bool:
        """Whether there is none. If that cannot be found out, sending fails for the same reason."""
        try:
            return self._dead_letter_queue is None
        except PubSubTasksError:
            return False

    def send_dead_letter(self, delivery: Delivery, verdict: DeadLetter, task: str | None) -> None:
        """Send a copy to the dead-letter queue, which must exist, and return when it is confirmed.

        Raises PubSubTasksError.
        """
        letters = self._dead_letter_queue
        assert letters is not None
        copy = build_dead_letter(
            delivery,
            verdict,
            task=task,
            queue=self._queue.url if self._queue else self._name,
            now=self._wall(),
            version=VERSION,
            size_limit=self._size_limit,
            fifo=letters.fifo,
        )
        (answer,) = letters.send([copy])
        if not isinstance(answer, Sent):
            raise SettleFailed(f"{letters.name} refused it: {answer.code} {answer.message}", code=answer.code)

    def send(self, copies: Sequence[Outgoing]) -> Sequence[Sent | EntryFailure]:
        """Send messages to the queue itself. Raises PubSubTasksError."""
        if self._queue is None:
            raise ConfigurationError(f"{self._name} is no queue that a message could be sent to")
        return self._queue.send(copies)

    def set_visibility(self, changes: Sequence[tuple[Record, float]], has_time: Callable[[], bool]) -> None:
        """Set visibility timeouts (seconds), as far as the function may and has time.

        Without that, messages become visible again after the queue's own timeout.
        """
        timeouts = [
            (record.receipt_handle, min(ceil(seconds), LONGEST_VISIBILITY))
            for record, seconds in changes
            if record.receipt_handle
        ]
        for start in range(0, len(timeouts), MAX_BATCH):
            if not (self._may_change_visibility and has_time()):
                return
            self._change(timeouts[start : start + MAX_BATCH])

    def _change(self, timeouts: list[tuple[str, int]]) -> None:
        try:
            if self._queue is None:
                return
            answers = self._queue.change_visibility(timeouts)
        except PubSubTasksError as error:
            self._may_change_visibility = not _is_refused(error)
            logger.warning(
                "the visibility timeout of messages from %s cannot be set, so they are retried after that of "
                "the queue: %s",
                self._name,
                error_text(error),
            )
            return
        failed = [answer for answer in answers if answer is not None]
        if failed:
            logger.warning(
                "the visibility timeout of %d messages from %s was not set: %s %s",
                len(failed),
                self._name,
                failed[0].code,
                failed[0].message,
            )


def _is_refused(error: PubSubTasksError) -> bool:
    """Whether the call fails until a person changes the function's role."""
    code = str(getattr(error, "code", ""))
    return isinstance(error, ConfigurationError) or code.rpartition(".")[2] in INTERVENTION_CODES
