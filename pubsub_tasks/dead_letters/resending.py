"""Resending: what is sent for a letter, to a queue of this kind and limit. Pure; sends nothing."""

from dataclasses import replace

from ..wire.records import Outgoing, Record
from ..wire.resend import RESENT
from .dead_letter_copy import restore


def redriven(record: Record, *, fifo: bool, size_limit: int) -> Outgoing:
    """The message as it was, for its source queue: attempts start anew, age and hops are waived once.

    On a FIFO queue the SQS id of the letter is for deduplication: sent twice within five minutes it arrives
    once, and it is never taken for the original. What tells of the waiver stays out where `size_limit`
    (bytes) leaves it no room: the message itself always goes.
    """
    sent = replace(
        restore(record),
        group_id=_group(record, fifo, record.message_id),
        deduplication_id=record.message_id if fifo else None,
    )
    if sent.size <= size_limit:
        return sent
    return replace(
        sent, attributes={name: value for name, value in sent.attributes.items() if name != RESENT}
    )


def imported(record: Record, *, fifo: bool, fresh_id: str) -> Outgoing:
    """The letter as it was exported, failure and all. A FIFO queue gets `fresh_id` for deduplication."""
    return Outgoing(
        record.body,
        record.attributes,
        _group(record, fifo, record.message_id or fresh_id),
        fresh_id if fifo else None,
    )


def _group(record: Record, fifo: bool, alone: str) -> str | None:
    return record.group_id or (alone if fifo else None)
