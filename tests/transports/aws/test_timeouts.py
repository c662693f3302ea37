"""Read timeouts, from the wait of a receive and from the visibility lease."""

import pytest

from pubsub_tasks.transports.aws.timeouts import read_timeout_of


def test_a_receive_times_out_after_its_wait() -> None:
    assert read_timeout_of("ReceiveMessage", 10.0, 20, 5) == 30.0
    assert read_timeout_of("ReceiveMessage", 10.0, 1, None) == 11.0


@pytest.mark.parametrize("action", ["ChangeMessageVisibilityBatch", "DeleteMessageBatch", "SendMessageBatch"])
@pytest.mark.parametrize(
    ("lease", "seconds"), [(None, 10.0), (2, 0.5), (5, 0.5), (10, 1.0), (20, 2.0), (30, 3.0), (43_200, 10.0)]
)
def test_extending_and_settling_get_a_tenth_of_the_lease(
    action: str, lease: float | None, seconds: float
) -> None:
    assert read_timeout_of(action, 10.0, 20, lease) == seconds


def test_other_calls_get_the_read_timeout() -> None:
    assert read_timeout_of("GetQueueAttributes", 10.0, 20, 5) == 10.0
