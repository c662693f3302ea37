"""What a retry policy needs to know of a delivery."""

from typing import TypedDict

from ..messages.delivery import Delivery


class RetryArguments(TypedDict):
    """Keyword arguments of `RetryPolicy`. Times are epoch seconds."""

    attempt: int
    first_received_at: float
    now: float


def retry_arguments(delivery: Delivery, now: float) -> RetryArguments:
    """The arguments for this delivery; `now` is epoch seconds."""
    first = first_received_at(delivery, now)
    return {"attempt": delivery.attempt, "first_received_at": first, "now": now}


def first_received_at(delivery: Delivery, now: float) -> float:
    """When the delivery was first received and due, at most `now`; `now` if its record does not say."""
    return min(max(delivery.record.first_received_at or now, delivery.not_before), now)
