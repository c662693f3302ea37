"""Failing calls: what is logged, how long the waits are, and what a worker does during and after them."""

import pytest

from pubsub_tasks.errors import ReceiveFailed, SettleFailed, TransportError
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.verdicts import Ack, DeadLetter
from pubsub_tasks.worker_health.call_health import STEADY, CallHealth
from tests.worker.shop import FlakyQueue, Shop, until

THROTTLED = ReceiveFailed("slow down", code="RequestThrottled")


def call_health(clock: VirtualClock) -> CallHealth:
    return CallHealth("receiving from orders", clock, lambda: 1.0)


def test_the_start_and_the_end_of_an_outage_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock()
    receiving = call_health(clock)

    for _ in range(100):
        receiving.record_failure(THROTTLED)
        clock.advance(1)
    receiving.record_success()
    receiving.record_success()

    assert [record.getMessage() for record in caplog.records] == [
        "receiving from orders fails, and is tried again until it works: slow down",
        "receiving from orders works again after 100 failures in 100.0 s",
    ]


def test_a_new_kind_of_failure_is_logged_and_a_known_one_with_other_text_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiving = call_health(VirtualClock())

    receiving.record_failure(THROTTLED)
    receiving.record_failure(ReceiveFailed("expired", code="ExpiredToken"))
    receiving.record_failure(ReceiveFailed("slow down, request 2", code="RequestThrottled"))

    assert len(caplog.records) == 2
    assert receiving.trouble == "slow down, request 2"


def test_what_fails_now_and_then_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    # Given calls of which every other one fails
    clock = VirtualClock()
    receiving = call_health(clock)
    for _ in range(100):
        receiving.record_failure(THROTTLED)
        clock.advance(1)
        receiving.record_success()
        clock.advance(1)
    assert len(caplog.records) == 3  # fails, works again, fails now and then
    # When they have worked long enough
    clock.advance(STEADY)
    receiving.record_success()
    # Then that is logged once
    assert caplog.messages[3:] == ["receiving from orders works again after 99 failures in 228.0 s"]
    assert receiving.trouble is None


def test_waits_grow_up_to_a_limit() -> None:
    receiving = call_health(VirtualClock())

    waits = [receiving.record_failure(THROTTLED) for _ in range(20)]

    assert waits[:3] == [0.4, 0.8, 1.6]
    assert waits[-1] == 30.0


def test_a_success_resets_the_waits() -> None:
    receiving = call_health(VirtualClock())
    receiving.record_failure(THROTTLED)
    receiving.record_failure(THROTTLED)
    receiving.record_success()

    assert receiving.record_failure(THROTTLED) == 0.4


@pytest.mark.parametrize(
    "error",
    [
        THROTTLED,
        ReceiveFailed("no such host", code="EndpointConnectionError"),
        ReceiveFailed("token expired", code="ExpiredToken"),
        ReceiveFailed("no such queue", code="AWS.SimpleQueueService.NonExistentQueue"),
        RuntimeError("an internal fault"),
    ],
    ids=lambda error: getattr(error, "code", "bug"),
)
def test_a_worker_resumes_when_receives_succeed_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a worker whose first receives fail
    shop = Shop()
    shop.task()(lambda number: None)
    queue = FlakyQueue(shop.queue)
    queue.failing["receive"] = error
    with shop.running_worker(queue):
        until(lambda: queue.calls.count("receive") >= 2)
        # When the service answers again
        queue.failing.clear()
        shop.send(1)
        # Then it works on as if nothing had been
        assert shop.events.next().verdict == Ack()
    lines = [record for record in caplog.records if "receiving from orders" in record.getMessage()]
    assert ["is tried again" in lines[0].getMessage() or "unexpectedly" in lines[0].getMessage()]
    assert "works again" in lines[-1].getMessage()


def test_a_worker_whose_deletes_fail_keeps_the_messages_and_deletes_them_later() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    queue = FlakyQueue(shop.queue)
    queue.failing["delete"] = SettleFailed("slow down", code="RequestThrottled")
    shop.send(1, 2, 3)
    with shop.running_worker(queue):
        assert shop.events.verdicts(3) == [Ack()] * 3
        until(lambda: queue.calls.count("delete") >= 3)
        assert shop.queue.attributes().in_flight == 3
        queue.failing.clear()
        until(lambda: shop.queue.attributes().in_flight == 0)
    assert shop.messages_left() == []


def test_a_worker_whose_dead_letters_fail_keeps_the_messages_and_sends_them_later() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    dead = FlakyQueue(shop.dead)
    dead.failing["send"] = TransportError("no such queue", code="QueueDoesNotExist")
    shop.send_bodies("no json")
    with shop.running_worker(dead_letters=dead) as worker:
        assert isinstance(shop.events.next().verdict, DeadLetter)
        until(lambda: dead.calls.count("send") >= 3)
        assert shop.queue.attributes().in_flight == 1
        assert worker.counters.dead_lettered.total() == 0
        dead.failing.clear()
        until(lambda: worker.counters.dead_lettered.total() == 1)
    assert [letter["reason"] for letter in shop.dead_letters()] == ["undecodable"]
    assert shop.messages_left() == []


def test_a_queue_that_was_deleted_and_created_again_is_consumed() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    sqs = shop.transport.client("sqs")
    with shop.running_worker(wait=1) as worker:
        shop.send(1)
        shop.events.next()
        until(lambda: shop.queue.attributes().in_flight == 0)
        sqs.delete_queue(QueueUrl=shop.queue.url)
        until(lambda: worker.troubles() != [])
        sqs.create_queue(QueueName="orders")
        shop.send(2)
        assert shop.events.next().verdict == Ack()


def test_an_outage_of_one_kind_of_call_is_not_ended_by_another(caplog: pytest.LogCaptureFixture) -> None:
    # Given deletes that fail, and visibility changes that succeed in between
    shop = Shop()
    shop.task()(lambda number: None)
    queue = FlakyQueue(shop.queue)
    queue.failing["delete"] = SettleFailed("not allowed", code="AccessDenied")
    shop.send(1)
    with shop.running_worker(queue, visibility=2):
        until(lambda: queue.calls.count("change_visibility") >= 2 and queue.calls.count("delete") >= 2)
        assert len([text for text in caplog.messages if "deleting from orders fails" in text]) == 1
        assert not [text for text in caplog.messages if "works again" in text]
        queue.failing.clear()


def test_failing_for_counts_from_the_first_failed_call() -> None:
    clock = VirtualClock(100.0)
    receiving = call_health(clock)
    assert receiving.failing_for == 0.0
    # Given a call that took half a minute to fail, and another failure later
    receiving.record_failure(THROTTLED, called_at=70.0)
    clock.advance(10)
    receiving.record_failure(THROTTLED, called_at=105.0)
    # Then it counts from when the first was made, and a success ends it even while the outage is on
    assert receiving.failing_for == 40.0
    receiving.record_success()
    assert receiving.failing_for == 0.0
    receiving.record_failure(THROTTLED)
    assert receiving.failing_for == 0.0


def test_a_worker_is_not_ready_once_receives_have_failed_for_long_and_ready_again_after_one() -> None:
    # Given a worker that has received
    shop = Shop()
    shop.task()(lambda number: None)
    broken = FlakyQueue(shop.queue)
    clock = VirtualClock()
    shop.send(1)
    with shop.running_worker(broken, wait=0, clock=clock) as worker:
        shop.events.verdicts(1)
        until(lambda: worker.is_ready())
        # When the broker is gone, for less than the limit and then for longer
        broken.failing["receive"] = ReceiveFailed("no route to host", code="EndpointConnectionError")
        until(lambda: bool(worker.troubles()))
        clock.advance(60)
        assert worker.is_ready()
        assert worker.is_ready(61)
        clock.advance(1)
        # Then it is alive, and takes no traffic
        assert not worker.is_ready()
        assert worker.is_alive()
        assert worker.status()["receiving_fails_for"] == 61.0
        # And once it is back, so is the worker
        broken.failing.clear()
        until(lambda: clock.advance(1) > 0 and worker.is_ready())
