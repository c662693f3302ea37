"""Time-outs: how long to wait for the answer to a call. Pure."""

SHORTEST_TIMEOUT = 0.5
"""Seconds. A healthy service answers sooner; a shorter time-out would give up on slow answers."""

_SETTLING = frozenset({"ChangeMessageVisibilityBatch", "DeleteMessageBatch", "SendMessageBatch"})


def answer_within(action: str, read_timeout: float, wait: int, lease: float | None) -> float:
    """Seconds after which a call of SQS or SNS without an answer is given up.

    A receive gets `read_timeout` beyond its `wait`: given up before SQS answers, it would take messages that
    nobody then has. A lease is extended when half of it is left, so a call that extends or settles gets a
    tenth of it: one that meets a dead connection fails in time for another over a new connection.

    Args:
        wait: seconds that a receive asks the service to wait.
        lease: seconds of the leases that are held; None where none are.
    """
    if action == "ReceiveMessage":
        return wait + read_timeout
    if action in _SETTLING and lease is not None:
        return min(read_timeout, max(SHORTEST_TIMEOUT, lease / 10))
    return read_timeout
