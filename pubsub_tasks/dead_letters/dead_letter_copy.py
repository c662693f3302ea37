"""Dead letters: the copy that goes to the dead-letter queue, what it tells of the failure, and the way back.

The body stays byte for byte; the failure is told in one attribute, `dead_letter`, as ASCII JSON. Makes copies
and reads them: decides nothing and sends nothing.
"""

import traceback
from collections.abc import Mapping
from dataclasses import replace

from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..untrusted.exceptions import SafeLogger, error_name, error_text, reraise_interrupt, traceback_of
from ..verdicts import DeadLetter
from ..wire.records import MAX_ATTRIBUTES, NO_ATTRIBUTES, Attribute, Outgoing, Record, text
from ..wire.resend import RESENT, ResendState
from .dead_letter_attribute import DEAD_LETTER, Failure

logger = SafeLogger(__name__)

_LONGEST_ID = 256
_FRAMES = -50
"""Of each exception, the innermost frames; formatting thousands would delay the letter for nothing."""


def letter(
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
    """The copy of a delivery for a dead-letter queue of that `size_limit` (bytes) and kind. Never raises.

    `dead_letter` is missing from its attributes where there was no room for it: the caller should count that.
    A FIFO queue gets the SQS message id for deduplication: by the original's own it might drop the copy.
    """
    record = delivery.record
    own = _own(record)
    folded, kept = (own, NO_ATTRIBUTES) if len(own) >= MAX_ATTRIBUTES else (NO_ATTRIBUTES, own)
    group_id = record.group_id or (record.message_id if fifo else None)
    copy = Outgoing(record.body, own, group_id, record.message_id if fifo else None)
    lighter = replace(copy, attributes={**kept, DEAD_LETTER: text("")})
    try:
        failure = _failure(delivery, verdict, task, queue, now, version)
        telling = replace(failure, attributes=folded).attribute(size_limit - lighter.size)
    except Exception as error:  # a bug of ours must not keep the message from its letter
        logger.error("the letter of message %s cannot say why it failed", delivery.id, exc_info=error)
        telling = None
    return replace(copy, attributes={**kept, DEAD_LETTER: telling}) if telling else copy


def restore(record: Record) -> Outgoing:
    """What redrive sends back for a record of a dead-letter queue: the message as it was, its limits waived.

    Attempts start anew, and neither age nor hops are held against it. Both are told in `x-resent`, which is
    left out where ten attributes of its own leave it no place.
    """
    failure = Failure.read(record)
    published_at = failure.published_at if failure else None
    if published_at is None:
        published_at = decode_record(record).published_at
    attributes = {name: value for name, value in _own(record).items() if name != RESENT}
    if len(attributes) < MAX_ATTRIBUTES:
        attributes[RESENT] = ResendState(first_published=published_at, waive=True).attribute()
    fifo = record.sequence_number is not None or record.deduplication_id is not None
    return Outgoing(record.body, attributes, record.group_id, record.message_id if fifo else None)


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
        message_id=delivery.id[:_LONGEST_ID],
        sqs_message_id=delivery.record.message_id,
        version=version,
    )


def _message(error: BaseException) -> str:
    return error_text(error)


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error, limit=_FRAMES))
    except BaseException as raised:  # an error that cannot be told must not keep its message from its letter
        reraise_interrupt(raised)
        return "".join(traceback.format_tb(traceback_of(error), limit=_FRAMES))


def _own(record: Record) -> Mapping[str, Attribute]:
    """The message's own attributes, unfolded from a letter that it may already carry."""
    if DEAD_LETTER not in record.attributes:
        return record.attributes
    failure = Failure.read(record)
    kept = {name: value for name, value in record.attributes.items() if name != DEAD_LETTER}
    if failure is None:
        return kept
    return dict([*kept.items(), *failure.attributes.items()][:MAX_ATTRIBUTES])
