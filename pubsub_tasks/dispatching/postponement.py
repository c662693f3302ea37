"""Postponement of messages that are not due yet: the copy that replaces a message which must wait longer.

SQS hides a received message for at most 12 hours, and counts each receive. So a message that is not due is
hidden once (`Postpone`). At its next receive, if it is still not due, a copy with a delay is sent to the same
queue and the message is deleted (`Postponed`): the receive count of the copy starts at zero.
"""

from math import ceil

from ..messages.delivery import Delivery, idle_receives
from ..wire.records import MAX_ATTRIBUTES, MAX_DELAY, Outgoing
from ..wire.resend_attribute import RESENT, ResendState


def forwarded_copy(delivery: Delivery) -> Outgoing:
    """Return the copy of a message for another queue. It is the message as received.

    A FIFO queue gets the SQS message id as deduplication id: it would drop a copy with an id it has seen.
    """
    record = delivery.record
    fifo = record.sequence_number is not None
    return Outgoing(record.body, record.attributes, record.group_id, record.message_id if fifo else None)


def postponed_copy(delivery: Delivery, now: float) -> Outgoing | None:
    """Return the copy to send to the delivery's own queue, or None if it should be hidden instead.

    It is hidden on its first receive, on a FIFO queue (which has no delay for a single message), and if ten
    attributes leave no room for the resend state. `now` is epoch seconds.
    """
    record = delivery.record
    fifo = record.sequence_number is not None or record.deduplication_id is not None
    others = {name: value for name, value in record.attributes.items() if name != RESENT}
    if record.receive_count < 2 or fifo or len(others) >= MAX_ATTRIBUTES:
        return None
    # Attempts before this message was sent; those that Celery made are known only from the body.
    counted = record.receive_count - idle_receives(record, delivery.not_before)
    resend_state = ResendState.read(record.attributes)._replace(
        first_published=delivery.published_at, attempts=delivery.attempt - counted
    )
    delay = min(MAX_DELAY, max(0, ceil(delivery.not_before - now)))
    return Outgoing(record.body, {**others, RESENT: resend_state.attribute()}, record.group_id, delay=delay)
