"""What events add up to."""

from dataclasses import replace
from typing import Any

from pubsub_tasks.tasks.events import (
    Called,
    DeadLettered,
    Event,
    Extended,
    Lost,
    NotPublished,
    Published,
    Received,
    Settled,
)
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.telemetry.metrics.message_metrics import (
    MAX_CODES,
    MAX_MEDIA_TYPES,
    MAX_SECONDS,
    MessageMetrics,
)
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from tests.samples import delivery

ACK = Ack()
ORDER = "application/vnd.shop.pubsub._.created.order"


def metrics_of(*events: Event) -> MessageMetrics:
    metrics, observers = MessageMetrics(VirtualClock()), Observers()
    metrics.watch(observers)
    for event in events:
        observers.notify(event)
    return metrics


def values(metrics: MessageMetrics, name: str) -> dict[tuple[str, ...], float]:
    """The values of all samples with this name, by the values of their labels."""
    samples = [sample for each in metrics.families() for sample in each.samples]
    return {tuple(text for _, text in each.labels): each.value for each in samples if each.name == name}


def settled(verdict: Any = ACK, seconds: float = 0.1, attempt: int = 1, **more: Any) -> Settled:
    received = replace(delivery(), attempt=attempt)
    return Settled("orders", received, more.pop("task", "shop.handle"), verdict, seconds, **more)


def test_handling_time_is_by_task_and_verdict() -> None:
    metrics = metrics_of(
        settled(seconds=0.2),
        settled(seconds=0.3),
        settled(Ack(skipped=True)),
        settled(Retry(5)),
        settled(DeadLetter("unknown"), task=None),
    )

    assert values(metrics, "pubsub_tasks_handling_seconds_count") == {
        ("orders", "shop.handle", "ack"): 2,
        ("orders", "shop.handle", "skip"): 1,
        ("orders", "shop.handle", "retry"): 1,
        ("orders", "none", "dead_letter"): 1,
    }
    assert values(metrics, "pubsub_tasks_handling_seconds_sum")["orders", "shop.handle", "ack"] == 0.5
    buckets = values(metrics, "pubsub_tasks_handling_seconds_bucket")
    assert buckets["orders", "shop.handle", "ack", "0.1"] == 0
    assert buckets["orders", "shop.handle", "ack", "0.25"] == 1
    assert buckets["orders", "shop.handle", "ack", "+Inf"] == 2
    assert metrics.handled("orders") == 5
    assert metrics.handled("other") == 0


def test_a_queue_has_its_counters_before_anything_happens_since_a_rate_needs_a_value_before() -> None:
    metrics = metrics_of()
    metrics.expect("orders")

    for name in ("received_messages", "leases_extended", "leases_lost"):
        assert values(metrics, f"pubsub_tasks_{name}_total") == {("orders",): 0}
    assert values(metrics, "pubsub_tasks_receives_total") == {
        ("orders", "empty"): 0,
        ("orders", "messages"): 0,
    }


def test_latency_is_of_first_attempts_alone_since_later_ones_have_slept() -> None:
    metrics = metrics_of(
        settled(Retry(5), latency=2.0), settled(latency=60.0, attempt=2), settled(latency=None)
    )

    assert values(metrics, "pubsub_tasks_queue_latency_seconds_sum") == {("orders", "shop.handle"): 2.0}
    assert values(metrics, "pubsub_tasks_queue_latency_seconds_count") == {("orders", "shop.handle"): 1}


def test_receives_leases_and_dead_letters_are_counted() -> None:
    metrics = metrics_of(
        Received("orders", 0),
        Received("orders", 7),
        Extended("orders", [delivery(), delivery()]),
        Lost("orders", delivery()),
        DeadLettered("orders", delivery(), None, "unknown"),
    )

    assert values(metrics, "pubsub_tasks_receives_total") == {
        ("orders", "empty"): 1,
        ("orders", "messages"): 1,
    }
    assert values(metrics, "pubsub_tasks_received_messages_total") == {("orders",): 7}
    assert values(metrics, "pubsub_tasks_leases_extended_total") == {("orders",): 2}
    assert values(metrics, "pubsub_tasks_leases_lost_total") == {("orders",): 1}
    assert values(metrics, "pubsub_tasks_dead_letters_total") == {("orders", "none", "unknown"): 1}


def test_publishes_and_calls_are_counted() -> None:
    metrics = metrics_of(
        Published(ORDER, "1", "topic", 0.1, 300),
        Published(ORDER, "2", "topic", 0.1, 200),
        NotPublished(ORDER, "3", "topic", "Throttling"),
        Called("sqs", "ReceiveMessage", "ok", 0.5),
    )

    assert values(metrics, "pubsub_tasks_published_messages_total") == {(ORDER,): 2}
    assert values(metrics, "pubsub_tasks_published_bytes_total") == {(ORDER,): 500}
    assert values(metrics, "pubsub_tasks_publish_failures_total") == {(ORDER, "Throttling"): 1}
    assert values(metrics, "pubsub_tasks_api_call_seconds_count") == {("sqs", "ReceiveMessage", "ok"): 1}


def test_labels_are_bounded_whatever_is_published_or_answered() -> None:
    metrics = metrics_of(
        *(Published(f"application/x{number}", "1", "topic", 0.1) for number in range(MAX_MEDIA_TYPES + 20)),
        *(Called("sqs", "SendMessage", f"Code{number}", 0.1) for number in range(MAX_CODES + 20)),
        Called("sqs", "SendMessage", "could not reach\nhost 10.0.0.1", 0.1),
    )

    published = values(metrics, "pubsub_tasks_published_messages_total")
    calls = values(metrics, "pubsub_tasks_api_call_seconds_count")
    assert len(published) == MAX_MEDIA_TYPES + 1
    assert published[("other",)] == 20
    assert len(calls) == MAX_CODES + 1
    assert calls["sqs", "SendMessage", "other"] == 21


def test_a_child_that_is_forked_while_a_thread_counts_can_count() -> None:
    metrics, observers = MessageMetrics(VirtualClock()), Observers()
    metrics.watch(observers)
    with metrics._lock:  # of a thread that the child does not have
        metrics.after_fork()
        observers.notify(Received("orders", 7))
        assert values(metrics, "pubsub_tasks_received_messages_total") == {("orders",): 7}


def test_what_is_remembered_of_back_offs_is_bounded() -> None:
    clock = VirtualClock()
    metrics, observers = MessageMetrics(clock), Observers()
    metrics.watch(observers)
    for _ in range(MAX_SECONDS + 10):
        clock.advance(1)
        observers.notify(settled(Retry(5)))

    assert len(metrics._wake_times["orders"]) <= MAX_SECONDS


def test_messages_sleep_until_their_back_off_is_over() -> None:
    clock = VirtualClock()
    metrics, observers = MessageMetrics(clock), Observers()
    metrics.watch(observers)
    for seconds in (5, 10, 7):
        observers.notify(settled(Retry(seconds)))

    def sleeping() -> list[float]:
        return [sample.value for sample in metrics.sleeping(["orders", "idle"]).samples]

    assert sleeping() == [3, 0]
    clock.advance(7)
    assert sleeping() == [1, 0]
    observers.notify(settled(Retry(1)))
    assert sleeping() == [2, 0]
