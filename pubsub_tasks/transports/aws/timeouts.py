"""Read timeouts of API calls."""

SHORTEST_TIMEOUT = 0.5
"""Seconds. A healthy service responds sooner; a shorter timeout would abort slow responses."""

_SETTLING = frozenset({"ChangeMessageVisibilityBatch", "DeleteMessageBatch", "SendMessageBatch"})


def read_timeout_of(action: str, read_timeout: float, wait: int, lease: float | None) -> float:
    """Seconds after which a call of SQS or SNS without a response is aborted.

    A receive gets its `wait` plus `read_timeout`: aborted before SQS responds, it would leave messages in
    flight without a receiver. Leases are extended when half of their time is left, so a call that extends or
    settles gets a tenth of it: after a failure on a dead connection there is time for a second attempt.

    Args:
        wait: seconds of the long poll of a receive.
        lease: seconds of the visibility leases in use, or None.
    """
    if action == "ReceiveMessage":
        return wait + read_timeout
    if action in _SETTLING and lease is not None:
        return min(read_timeout, max(SHORTEST_TIMEOUT, lease / 10))
    return read_timeout
