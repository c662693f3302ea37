"""The messages that are sent for a letter: restored for replay, redriven, or imported. No I/O."""

from ..messages.envelope import decode_record
from ..wire.records import MAX_ATTRIBUTES, Outgoing, Record
from ..wire.resend_attribute import RESENT, ResendState
from .dead_letter_attribute import Failure, own_attributes


def restore_message(record: Record) -> Outgoing:
    """The message that a record of a dead-letter queue was, with its limits waived once.

    Attempts start again at one, and its age and hops do not count. The attribute `x-resent` says so; it is
    left out if the message has ten attributes of its own.
    """
    failure = Failure.read(record)
    published_at = failure.published_at if failure else None
    if published_at is None:
        published_at = decode_record(record).published_at
    attributes = {name: value for name, value in own_attributes(record).items() if name != RESENT}
    if len(attributes) < MAX_ATTRIBUTES:
        attributes[RESENT] = ResendState(first_published=published_at, waive=True).attribute()
    is_fifo = record.sequence_number is not None or record.deduplication_id is not None
    return Outgoing(record.body, attributes, record.group_id, record.message_id if is_fifo else None)


def redrive_copy(record: Record, *, fifo: bool, size_limit: int) -> Outgoing:
    """The message for its source queue, as `restore_message` describes.

    A FIFO queue gets the letter's SQS id as deduplication id: sent twice within five minutes it arrives
    once, and SQS never takes it for a duplicate of the original. If the attribute `x-resent` would exceed
    `size_limit` (bytes), it is left out, so that the message can always be sent.
    """
    copy = restore_message(record)._replace(
        group_id=_group_id(record, fifo, record.message_id),
        deduplication_id=record.message_id if fifo else None,
    )
    if copy.size <= size_limit:
        return copy
    return copy._replace(
        attributes={name: value for name, value in copy.attributes.items() if name != RESENT}
    )


def import_copy(record: Record, *, fifo: bool, fresh_id: str) -> Outgoing:
    """The letter as it was exported, with its failure. A FIFO queue gets `fresh_id` as deduplication id."""
    return Outgoing(
        record.body,
        record.attributes,
        _group_id(record, fifo, record.message_id or fresh_id),
        fresh_id if fifo else None,
    )


def _group_id(record: Record, fifo: bool, default: str) -> str | None:
    return record.group_id or (default if fifo else None)
