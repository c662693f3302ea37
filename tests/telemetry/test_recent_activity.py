"""What was handled lately, as somebody sees it who asks."""

from pubsub_tasks.tasks.events import Event, Received, Settled
from pubsub_tasks.telemetry.recent_activity import RecentActivity
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry, Verdict
from tests.samples import delivery


def settled(verdict: Verdict, task: str | None = "shop.handle") -> Event:
    return Settled("orders", delivery(), task, verdict, 0.1)


def test_rates_are_per_second_over_the_last_minute() -> None:
    clock = VirtualClock()
    recent = RecentActivity(clock)
    for _ in range(20):
        clock.advance(0.5)
        recent(settled(Ack()))
        recent(Received("orders", 1))

    assert recent.status()["per_second"] == {"shop.handle": 2.0}
    clock.advance(30)
    assert recent.status()["per_second"] == {"shop.handle": 0.5}
    clock.advance(61)
    assert recent.status()["per_second"] == {}


def test_messages_sleep_in_their_back_off_until_it_is_over() -> None:
    clock = VirtualClock()
    recent = RecentActivity(clock)
    recent(settled(Retry(5)))
    recent(settled(Retry(10)))

    assert recent.status()["sleeping"] == 2
    clock.advance(5)
    assert recent.status()["sleeping"] == 1
    clock.advance(5)
    assert recent.status()["sleeping"] == 0


def test_the_last_errors_are_kept() -> None:
    recent = RecentActivity(VirtualClock(1000.0))
    for number in range(12):
        recent(settled(DeadLetter("failed", ValueError(f"number {number}"))))
    recent(settled(DeadLetter("unknown"), task=None))

    errors = recent.status()["errors"]
    assert [error["text"] for error in errors] == [f"number {number}" for number in range(2, 12)]
    assert errors[0] == {
        "at": 1000.0,
        "task": "shop.handle",
        "message_id": "sqs-1",
        "attempt": 1,
        "verdict": "dead letter (failed)",
        "error": "ValueError",
        "text": "number 2",
    }
    assert recent.status()["per_second"] == {"no task": 1.0, "shop.handle": 12.0}
