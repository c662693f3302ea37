"""Hops: messages that are not due yet, and that SQS lets nobody hold longer. Makes copies, and sends none.

A receipt holds a message for twelve hours at most, and each receive is counted. So a message is held once; at
its next receive, if it is still not due, a copy of it goes to its own queue, which forgets the count.
"""

from dataclasses import replace
from math import ceil

from ..messages.delivery import Delivery
from ..wire.records import MAX_ATTRIBUTES, MAX_DELAY, Outgoing
from ..wire.resend import RESENT, ResendState


def hop(delivery: Delivery, now: float) -> Outgoing | None:
    """The copy to send to its own queue, or None where it is better held.

    As it is on its first receive, on a FIFO queue, which has no delay for one message, and where ten
    attributes leave no place for what SQS forgets.
    """
    record = delivery.record
    fifo = record.sequence_number is not None or record.deduplication_id is not None
    others = {name: value for name, value in record.attributes.items() if name != RESENT}
    if record.receive_count < 2 or fifo or len(others) >= MAX_ATTRIBUTES:
        return None
    earlier = ResendState.read(record.attributes)
    resent = replace(earlier, first_published=delivery.published_at)
    delay = min(MAX_DELAY, max(0, ceil(delivery.not_before - now)))
    return Outgoing(record.body, {**others, RESENT: resent.attribute()}, record.group_id, delay=delay)
