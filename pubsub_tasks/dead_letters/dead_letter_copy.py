"""Builds a dead letter: the copy of a failed message that is sent to the dead-letter queue. No I/O.

The body stays the same, byte for byte. The attribute `dead_letter` describes the failure; see
`dead_letter_attribute` for its fields.
"""

import traceback
from dataclasses import replace

from ..messages.delivery import Delivery
from ..untrusted.exceptions import SafeLogger, error_name, error_text, reraise_interrupt, traceback_of
from ..verdicts import DeadLetter
from ..wire.records import MAX_ATTRIBUTES, NO_ATTRIBUTES, Outgoing, text
from .dead_letter_attribute import DEAD_LETTER, Failure, own_attributes

logger = SafeLogger(__name__)

_MAX_ID = 256
_FRAMES = -50
"""The innermost 50 frames of each exception: formatting thousands would delay the dead letter."""


def build_dead_letter(
    delivery: Delivery,
    verdict: DeadLetter,
    *,
    task: str | None,
    queue: str,
    now: float,
    version: str,
    size_limit: int,
    fifo: bool,
) -> Outgoing:
    """The copy of a delivery for a dead-letter queue. Never raises.

    Without room for the attribute `dead_letter` the copy is sent without it; the caller should count that.
    For a FIFO queue, the SQS message id is the deduplication id: with the original's own, SQS might drop
    the copy as a duplicate.

    Args:
        task, queue, version: as in `Failure`.
        now: epoch seconds.
        size_limit: maximum message size of the dead-letter queue in bytes.
        fifo: whether the dead-letter queue is a FIFO queue.
    """
    record = delivery.record
    own = own_attributes(record)
    # A message with ten attributes carries them within `dead_letter`: SQS allows no eleventh.
    carried, kept = (own, NO_ATTRIBUTES) if len(own) >= MAX_ATTRIBUTES else (NO_ATTRIBUTES, own)
    group_id = record.group_id or (record.message_id if fifo else None)
    copy = Outgoing(record.body, own, group_id, record.message_id if fifo else None)
    with_empty_attribute = copy._replace(attributes={**kept, DEAD_LETTER: text("")})
    try:
        failure = _failure(delivery, verdict, task, queue, now, version)
        room = size_limit - with_empty_attribute.size
        attribute = replace(failure, attributes=carried).attribute(room)
    except Exception as error:  # a bug here must not keep the message out of its dead-letter queue
        logger.error(
            "cannot describe the failure of message %s in its dead letter", delivery.id, exc_info=error
        )
        attribute = None
    return copy._replace(attributes={**kept, DEAD_LETTER: attribute}) if attribute else copy


def _failure(
    delivery: Delivery, verdict: DeadLetter, task: str | None, queue: str, now: float, version: str
) -> Failure:
    error = verdict.error
    return Failure(
        reason=verdict.reason,
        error_type="" if error is None else error_name(error),
        message="" if error is None else _message(error),
        traceback="" if error is None else _traceback(error),
        task=task,
        attempts=delivery.attempt,
        first_received_at=delivery.record.first_received_at,
        failed_at=now,
        published_at=delivery.published_at,
        queue=queue,
        message_id=delivery.id[:_MAX_ID],
        sqs_message_id=delivery.record.message_id,
        version=version,
    )


def _message(error: BaseException) -> str:
    return error_text(error)


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error, limit=_FRAMES))
    except BaseException as raised:  # an exception that cannot be formatted must not block the dead letter
        reraise_interrupt(raised)
        return "".join(traceback.format_tb(traceback_of(error), limit=_FRAMES))
