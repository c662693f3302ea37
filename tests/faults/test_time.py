"""Time that misbehaves: clocks that jump, machines that sleep, handlers that outlive their leases."""

import json
from itertools import pairwise

import pytest
from marshmallow import fields
from tenacity import stop_after_attempt, stop_after_delay, wait_exponential, wait_fixed, wait_none

from pubsub_tasks import Delivery, PubSubMessageSchema, Tasks, task
from pubsub_tasks.tasks.events import Lost
from pubsub_tasks.wire.records import Record
from tests.faults.bench import Bench, reasons

DAY = 86_400.0


class Order(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.time.pubsub._.created.order"

    number = fields.Integer(required=True)


def order(number: int = 1, **headers: str) -> str:
    return json.dumps({"mediaType": Order.MEDIA_TYPE, "opaqueData": headers, "number": number})


def throttled(action: str) -> str | None:
    """Leases cannot be extended."""
    return "ThrottlingException" if action == "ChangeMessageVisibilityBatch" else None


def receipts(bench: Bench, action: str) -> list[str]:
    """The receipt handles that calls of this action were about."""
    calls = [params for called, params in bench.transport.calls if called == action]
    return [entry["ReceiptHandle"] for params in calls for entry in params["Entries"]]


def test_a_handler_that_outlives_its_lease_while_the_api_throttles_is_told_and_its_success_counts() -> None:
    # Given an API that takes no extension
    tasks, seen = Tasks(), []

    @task(Order, tasks=tasks)
    def handle(number: int, delivery: Delivery) -> None:
        if delivery.attempt == 1:
            bench.during(20)
            assert not delivery.lost
            bench.during(20)
        seen.append((delivery.lost, delivery.record.receipt_handle))

    bench = Bench(tasks, visibility=30)
    bench.transport.fail = throttled
    bench.send(order())
    # When a handler takes longer than its lease holds
    bench.live(60)
    # Then it is told, so are the observers, and the delete is tried all the same
    lost, receipt = seen[0]
    assert lost
    assert [event.delivery.attempt for event in bench.seen if isinstance(event, Lost)] == [1]
    assert receipt in receipts(bench, "DeleteMessageBatch")
    assert bench.left() == 0


def test_a_lost_lease_takes_nothing_from_the_next_holder() -> None:
    # Given a message whose lease was lost while its handler ran, and which another worker received
    tasks, attempts = Tasks(), []
    others: list[Record] = []

    @task(Order, tasks=tasks, stop=stop_after_attempt(1))
    def handle(number: int, delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        if len(attempts) == 1:
            bench.during(40)
            others.extend(bench.queue.receive(1, 0, 600))
            raise OSError("too late anyway")

    bench = Bench(tasks, visibility=30)
    bench.transport.fail = throttled
    bench.send(order())
    sent = len(bench.transport.calls)
    # When the first fails at last
    bench.live(1)
    # Then neither its visibility is changed nor a letter sent: that is for the other to decide
    bench.transport.fail = lambda action: None
    assert len(others) == 1
    assert bench.queue.attributes().in_flight == 1
    assert not any(params.get("QueueUrl") == bench.dead.url for _, params in bench.transport.calls[sent:])
    # and when the other dies, the message comes back once more
    bench.live(700)
    assert reasons(bench.letters()) == ["unreported"]
    assert bench.left() == 0


@pytest.mark.parametrize("fails", [False, True])
def test_a_machine_that_slept_for_an_hour_loses_nothing(fails: bool) -> None:
    # Given handlers during which the machine is suspended
    tasks, done = Tasks(), []

    @task(Order, tasks=tasks, stop=stop_after_attempt(10), wait=wait_none())
    def handle(number: int, delivery: Delivery) -> None:
        if delivery.attempt == 1 and number == 3:
            bench.clock.advance(3_600)  # with nobody awake to keep a lease
            if fails:
                raise OSError("the connection is gone")
        done.append(number)

    bench = Bench(tasks)
    bench.send(*(order(number) for number in range(8)))
    # When it wakes
    bench.live(DAY)
    # Then each was done
    assert set(done) == set(range(8))
    assert bench.left() == 0
    assert bench.letters() == []


@pytest.mark.parametrize("slip", [-400 * DAY, -DAY, -1.0, 1.0, DAY, 400 * DAY])
def test_a_wall_clock_that_jumps_loses_nothing_and_stops_nothing(slip: float) -> None:
    # Given tasks that are tried again, by count and by age, and messages that expire
    tasks, done = Tasks(), []

    @task(Order, tasks=tasks, stop=stop_after_attempt(5) | stop_after_delay(3_600), wait=wait_fixed(20))
    def handle(number: int, delivery: Delivery) -> None:
        if number == 2 and delivery.attempt < 3:
            bench.slip = slip
            raise OSError("not now")
        done.append(number)

    bench = Bench(tasks)
    soon = f"{bench.clock() + 600:.3f}"
    bench.send(*(order(number) for number in range(4)), order(4, **{"x-expires": soon}))
    # When the clock of the machine is set in the middle
    bench.live(DAY)
    # Then each message was done, or is kept with the reason
    letters = [json.loads(letter.body)["number"] for letter in bench.letters()]
    assert sorted({*done, *letters}) == [0, 1, 2, 3, 4]
    assert not set(done) & set(letters)
    assert bench.left() == 0


def test_leases_are_kept_by_a_clock_that_nobody_sets() -> None:
    tasks, attempts = Tasks(), []

    @task(Order, tasks=tasks)
    def handle(number: int, delivery: Delivery) -> None:
        bench.slip = -DAY
        bench.during(200)
        bench.slip = DAY
        bench.during(200)
        assert not delivery.lost
        attempts.append(delivery.attempt)

    bench = Bench(tasks, visibility=30)
    bench.send(order())

    bench.live(3_600)

    assert attempts == [1]
    assert bench.left() == 0


def test_a_deploy_and_a_crash_between_attempts_reset_nothing() -> None:
    # Given a task that is tried for an hour, each time after a longer wait
    tasks, tried = Tasks(), []

    @task(Order, tasks=tasks, stop=stop_after_delay(3_600), wait=wait_exponential(multiplier=10))
    def handle(number: int, delivery: Delivery) -> None:
        tried.append((delivery.attempt, bench.clock() - began))
        raise OSError("still down")

    bench = Bench(tasks)
    began = bench.clock()
    bench.send(order())
    # When the process is replaced, now gently and now not, all the time
    for minute in range(120):
        bench.live(60)
        if minute % 2:
            bench.crash()
        else:
            bench.replace(tasks)
    # Then attempts and waits are those of one process that ran on
    attempts, times = zip(*tried, strict=True)
    assert attempts == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits == pytest.approx([10, 20, 40, 80, 160, 320, 640, 1_280, 2_560], abs=1)
    assert reasons(bench.letters()) == ["exhausted"]


@pytest.mark.parametrize("fifo", [False, True])
@pytest.mark.parametrize("wait", [60.0, 3 * DAY], ids=["a minute", "days"])
def test_receives_before_a_message_is_due_are_no_attempts(wait: float, fifo: bool) -> None:
    # Given a message that is not due yet, and a task that fails twice and is tried again after half an hour
    tasks, seen = Tasks(), []

    @task(Order, tasks=tasks, stop=stop_after_attempt(3), wait=wait_fixed(1800))
    def handle(number: int, delivery: Delivery) -> None:
        seen.append((delivery.attempt, bench.clock() >= due))
        if delivery.attempt < 3:
            raise RuntimeError("not yet")

    bench = Bench(tasks, fifo=fifo)
    due = bench.clock() + wait
    fields_of_fifo = {"group_id": "a", "deduplication_id": "1"} if fifo else {}
    bench.send(order(**{"x-not-before": str(due)}), **fields_of_fifo)
    # When it waits for that
    bench.live(wait + 7200)
    # Then it makes three attempts from then on
    assert seen == [(1, True), (2, True), (3, True)]
    assert bench.left() == 0
