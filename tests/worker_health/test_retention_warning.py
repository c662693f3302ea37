"""The warning before the retention period of a queue ends."""

import pytest

from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.wire.records import Record
from pubsub_tasks.worker_health.retention_warning import DAY, WARNING_INTERVAL, RetentionWarning


def record(sent_at: float) -> Record:
    return Record("body", "receipt", "id", sent_at=sent_at)


def test_a_warning_is_logged_from_three_quarters_of_the_retention(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock(1_000_000.0)
    retention = RetentionWarning("orders", 4 * DAY, clock)

    retention.check([record(clock() - 3 * DAY + 1), record(clock())])
    assert caplog.messages == []
    retention.check([record(clock() - 3 * DAY), record(clock())])
    assert (
        "orders: received a message that is 3.0 days old, and the queue deletes messages after 4.0"
        in caplog.text
    )


def test_the_warning_is_not_logged_for_every_message(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock(1_000_000.0)
    retention = RetentionWarning("orders", 4 * DAY, clock)
    for _ in range(100):
        retention.check([record(clock() - 4 * DAY)])
        clock.advance(WARNING_INTERVAL / 50)

    assert len(caplog.messages) == 2


@pytest.mark.parametrize(("seconds", "sent_at"), [(None, 1.0), (DAY, 0.0)])
def test_without_a_known_retention_or_age_nothing_is_logged(
    seconds: int | None, sent_at: float, caplog: pytest.LogCaptureFixture
) -> None:
    RetentionWarning("orders", seconds, VirtualClock(1_000_000.0)).check([record(sent_at)])

    assert caplog.messages == []
