"""What loses messages elsewhere, or harms them: each an ordinary day at another library, lived through here.

The libraries and versions in which each was seen are named. Hours pass on a clock that is turned.
"""

import base64
import json
import pickle
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from marshmallow import fields
from tenacity import retry_if_not_exception_type, stop_after_attempt, wait_exponential, wait_none

from pubsub_tasks import Delivery, PubSubMessageSchema, Tasks, task
from pubsub_tasks.content.codec import Codec
from pubsub_tasks.errors import PublishFailed
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from tests.faults.bench import Bench, reasons, told
from tests.faults.spoilt import Refusal, nothing

ORDER = "application/vnd.peers.pubsub._.created.order"


class Order(PubSubMessageSchema):
    MEDIA_TYPE = ORDER

    number = fields.Integer(required=True)


def order(number: int = 1, media_type: str = ORDER, **headers: str) -> str:
    return json.dumps({"mediaType": media_type, "opaqueData": headers, "number": number})


class Shop:
    """A task that remembers what it handled: (number, attempt) in order."""

    def __init__(self) -> None:
        self.tasks = Tasks()
        self.handled: list[tuple[int, int]] = []

    def sells(self, **options: Any) -> Any:
        """Declare the task."""
        return task(Order, tasks=self.tasks, **options)

    def plain(self) -> Tasks:
        """The task that just works."""

        @self.sells()
        def handle(number: int, delivery: Delivery) -> None:
            self.handled.append((number, delivery.attempt))

        return self.tasks


FOREIGN = (
    '{"id": "4cc1", "task": "billing.charge", "args": [], "kwargs": {}}',
    "hello from the console",
    order(media_type="application/vnd.somebody.else"),
    base64.b64encode(b'{"body": "W1tdLCB7fV0="}').decode(),
)


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_message_on_a_queue_without_redrive_policy_stays(foreign: str) -> None:
    """Celery 5.7 with kombu 5.7: "Received and deleted unknown message"."""
    bench = Bench(Shop().plain(), letters=False)
    bench.send(foreign)

    bench.live(3 * 43_200)

    assert bench.left() == 1
    assert "DeleteMessageBatch" not in {action for action, _ in bench.transport.calls}


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_message_goes_to_the_dead_letter_queue_byte_for_byte(foreign: str) -> None:
    """Celery acknowledges what it cannot decode; dramatiq_sqs 0.4.4 leaves it invisible for 12 hours."""
    bench = Bench(Shop().plain())
    bench.send(foreign)

    bench.live()

    (letter,) = bench.letters()
    assert letter.body == foreign
    assert told(letter)["reason"] in ("undecodable", "unknown")
    assert bench.left() == 0


def test_a_back_off_that_grows_past_900_seconds_loses_nothing() -> None:
    """dramatiq 2.2.1 with dramatiq_sqs 0.4.4: at the 7th failure the delay is refused, the message gone."""
    shop = Shop()

    @shop.sells(stop=stop_after_attempt(20), wait=wait_exponential(multiplier=15, max=100_000))
    def handle(number: int, delivery: Delivery) -> None:
        if delivery.attempt < 12:
            raise OSError("still down")
        shop.handled.append((number, delivery.attempt))

    bench = Bench(shop.tasks)
    bench.send(order())

    bench.live(4 * 86_400 - 3_600)

    assert shop.handled == [(1, 12)]
    assert bench.left() == 0
    assert bench.letters() == []


def test_what_fails_for_ever_is_in_the_dead_letter_queue_after_its_last_attempt() -> None:
    """microcosm-pubsub 3.0.0 and dramatiq acknowledge what exceeds its attempts."""
    shop = Shop()

    @shop.sells(stop=stop_after_attempt(7), wait=wait_exponential(multiplier=15))
    def handle(number: int, delivery: Delivery) -> None:
        shop.handled.append((number, delivery.attempt))
        raise OSError("still down")

    bench = Bench(shop.tasks)
    bench.send(order())

    bench.live(86_400)

    assert [attempt for _, attempt in shop.handled] == [1, 2, 3, 4, 5, 6, 7]
    (letter,) = bench.letters()
    assert (told(letter)["reason"], told(letter)["attempts"]) == ("exhausted", 7)
    assert bench.left() == 0


def test_in_a_rolling_deploy_the_old_worker_leaves_a_new_task_to_the_new_one() -> None:
    """taskiq 0.13 with taskiq-aio-sqs 2.1.1 acknowledges unknown tasks; Celery deletes them."""
    # Given a message for a task that the running worker does not know yet
    old, new = Tasks(), Shop()

    class Other(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.peers.pubsub._.created.other"

    task(Other, tasks=old)(lambda: None)
    bench = Bench(old, unknown="release")
    bench.send(order(7))
    # When it met it a few times, and the new version is deployed within the hour
    bench.live(600)
    assert bench.left() == 1
    assert bench.letters() == []
    bench.replace(new.plain())
    bench.live(900)
    # Then the new one handles it
    assert [number for number, _ in new.handled] == [7]
    assert bench.left() == 0


def test_an_unknown_task_that_no_deploy_ever_brings_is_dead_lettered_within_the_hour() -> None:
    bench = Bench(Shop().plain(), unknown="release")
    bench.send(order(media_type="application/vnd.peers.pubsub._.created.never"))

    bench.live(2 * 3_600)

    assert reasons(bench.letters()) == ["unknown"]
    assert bench.left() == 0


def test_an_exception_without_a_retry_policy_loses_nothing() -> None:
    """taskiq without its retry middleware acknowledges whatever raised."""
    shop = Shop()

    @shop.sells()
    def handle(number: int) -> None:
        raise KeyError("a bug")

    bench = Bench(shop.tasks)
    bench.send(order())

    bench.live(86_400)

    (letter,) = bench.letters()
    assert told(letter)["error_type"] == "KeyError"


def test_one_bad_body_in_a_batch_harms_no_neighbour() -> None:
    """microcosm-pubsub 3.0.0: `consume()` raises for the whole batch, and each neighbour burns a receive."""
    shop = Shop()
    bench = Bench(shop.plain())
    bench.send(*(order(number) for number in range(4)))
    bench.send("not JSON", '{"mediaType": 5}', "[]", order(media_type="application/vnd.nobody"))
    bench.send(*(order(number) for number in range(4, 8)))

    bench.live()

    assert sorted(shop.handled) == [(number, 1) for number in range(8)]
    assert Counter(reasons(bench.letters())) == {"undecodable": 3, "unknown": 1}


def test_a_message_that_went_through_too_many_hops_is_kept() -> None:
    """microcosm-pubsub acknowledges what exceeded its TTL."""
    bench = Bench(Shop().plain())
    bench.send(order(**{"x-request-ttl": "0"}))

    bench.live()

    assert reasons(bench.letters()) == ["hops"]


def test_an_exception_that_is_not_to_be_retried_is_dead_lettered() -> None:
    """Shoryuken 7.0.3 deletes messages whose exception is in `non_retryable_exceptions`."""
    shop = Shop()

    @shop.sells(retry=retry_if_not_exception_type(PermissionError))
    def handle(number: int) -> None:
        raise PermissionError("never allowed")

    bench = Bench(shop.tasks)
    bench.send(order())

    bench.live()

    (letter,) = bench.letters()
    assert (told(letter)["reason"], told(letter)["error_type"]) == ("failed", "PermissionError")


class Trap:
    """Unpickling it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


def test_a_pickled_body_is_never_unpickled(tmp_path: Path) -> None:
    """PyQS 1.0.1 and sqs-workers 0.7.3 call `pickle.loads` on what a queue holds."""
    trace = tmp_path / "executed"
    body = base64.b64encode(pickle.dumps(Trap(trace))).decode()
    bench = Bench(Shop().plain())
    bench.send(body, json.dumps({"mediaType": ORDER, "task": "x", "number": body}))

    bench.live()

    assert sorted(reasons(bench.letters())) == ["invalid", "undecodable"]
    assert not trace.exists()


def published(bench: Bench, tasks: Tasks) -> Producer:
    """A producer to a topic that the bench's queue is subscribed to."""
    sns = bench.transport.client("sns")
    topic = sns.create_topic(Name="orders")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=bench.queue.attributes().arn)
    return Producer(
        bench.transport.publisher(),
        Topics(default=topic),
        tasks.schemas,
        sleep=lambda seconds: bench.clock.advance(seconds) and None,
    )


def test_one_publish_is_one_message() -> None:
    """taskhawk 4.7.0 publishes three times, and then raises KeyError."""
    shop = Shop()
    bench = Bench(shop.plain())

    published(bench, shop.tasks).produce(ORDER, number=1)
    bench.live()

    assert shop.handled == [(1, 1)]


def test_a_publish_that_the_service_refused_is_told() -> None:
    """taskiq-aio-sqs 2.1.1 ignores `Failed` entries: never sent, and the caller told that all is well."""
    shop = Shop()
    bench = Bench(shop.plain())
    producer = published(bench, shop.tasks)
    bench.transport.refuse = lambda action, entry: (
        Refusal("InvalidParameter", sender_fault=True)
        if action == "PublishBatch" and json.loads(entry["Message"])["number"] == 3
        else None
    )

    with pytest.raises(PublishFailed) as raised:
        producer.publish_many(Codec(Order), [{"number": number} for number in range(10)])
    bench.live()

    assert [index for index, _, _ in raised.value.failed] == [3]
    assert sorted(number for number, _ in shop.handled) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_a_handler_that_takes_longer_than_the_visibility_timeout_runs_once() -> None:
    """Celery runs it again and again; dramatiq_sqs, PyQS and microcosm-pubsub have no heartbeat either."""
    shop = Shop()

    @shop.sells()
    def handle(number: int, delivery: Delivery) -> None:
        bench.during(3_000)
        assert not delivery.lost
        shop.handled.append((number, delivery.attempt))

    bench = Bench(shop.tasks, visibility=30)
    bench.send(order())

    bench.live(86_400)

    assert shop.handled == [(1, 1)]
    assert bench.left() == 0


def test_a_long_handler_that_fails_is_still_tried_again() -> None:
    """NServiceBus.AmazonSQS: past the visibility timeout its recoverability can never apply."""
    shop = Shop()

    @shop.sells(stop=stop_after_attempt(3), wait=wait_none())
    def handle(number: int, delivery: Delivery) -> None:
        shop.handled.append((number, delivery.attempt))
        bench.during(600)
        raise OSError("at the very end")

    bench = Bench(shop.tasks, visibility=30)
    bench.send(order())

    bench.live(86_400)

    assert shop.handled == [(1, 1), (1, 2), (1, 3)]
    assert reasons(bench.letters()) == ["exhausted"]


def test_a_deploy_does_not_end_the_lease_of_what_still_runs() -> None:
    """Shoryuken: the signal ends the extender while jobs still run, and others get their messages too."""
    shop = Shop()

    @shop.sells()
    def handle(number: int, delivery: Delivery) -> None:
        bench.drain()
        bench.during(300)
        assert not delivery.lost
        assert bench.queue.attributes().in_flight == 1
        shop.handled.append((number, delivery.attempt))

    bench = Bench(shop.tasks, visibility=30)
    bench.send(order())

    bench.live(60)

    assert shop.handled == [(1, 1)]
    assert bench.left() == 0


def test_what_was_received_and_not_started_is_given_back_at_shutdown() -> None:
    """kombu drops the receive that is under way when it stops; what it brought hangs until its lease ends."""
    shop = Shop()

    @shop.sells()
    def handle(number: int, delivery: Delivery) -> None:
        bench.drain()
        shop.handled.append((number, delivery.attempt))

    bench = Bench(shop.tasks)
    bench.send(*(order(number) for number in range(4)))

    bench.live()

    assert len(shop.handled) == 1
    told = bench.queue.attributes()
    assert (told.visible, told.in_flight) == (3, 0)


def test_a_throttled_delete_is_tried_again() -> None:
    """AWS.Messaging for .NET and most others: a delete that fails is forgotten, and the work done again."""
    shop = Shop()
    bench = Bench(shop.plain())
    bench.send(*(order(number) for number in range(10)))
    spring = bench.clock() + 300
    bench.transport.fail = lambda action: (
        "ThrottlingException" if action == "DeleteMessageBatch" and bench.clock() < spring else None
    )

    bench.live(600)

    assert sorted(shop.handled) == [(number, 1) for number in range(10)]
    assert bench.left() == 0


def test_what_stands_behind_a_failed_head_of_a_group_is_neither_run_nor_deleted() -> None:
    """AWS.Messaging for .NET deleted the unprocessed rest of a FIFO batch."""
    shop = Shop()

    @shop.sells(stop=stop_after_attempt(3), wait=wait_none())
    def handle(number: int, delivery: Delivery) -> None:
        shop.handled.append((number, delivery.attempt))
        if number == 0:
            raise OSError("the head fails")

    bench = Bench(shop.tasks, fifo=True)
    for number in range(5):
        bench.send(order(number), group_id="one", deduplication_id=str(number))

    bench.live(60)

    assert shop.handled == [(0, 1), (0, 2), (0, 3), (1, 1), (2, 1), (3, 1), (4, 1)]
    assert reasons(bench.letters()) == ["exhausted"]
    assert bench.left() == 0


def test_a_crash_between_the_deletes_of_a_group_brings_back_none_after_a_later_one_is_gone() -> None:
    """A batch of one group deleted in one call, of which one entry fails, leaves a hole."""
    # Given a group whose third message cannot be deleted
    shop = Shop()

    @shop.sells()
    def handle(number: int) -> None:
        shop.handled.append((number, 1))

    bench = Bench(shop.tasks, fifo=True)
    for number in range(5):
        bench.send(order(number), group_id="one", deduplication_id=str(number))
    handles: list[str] = []

    def third(action: str, entry: Mapping[str, Any]) -> Refusal | None:
        if action != "DeleteMessageBatch":
            return None
        if entry["ReceiptHandle"] not in handles:
            handles.append(entry["ReceiptHandle"])
        return Refusal("InternalError") if handles[2:3] == [entry["ReceiptHandle"]] else None

    bench.transport.refuse = third
    bench.live(10)

    # When the process is killed, and another takes over
    bench.crash()
    bench.transport.refuse = nothing
    bench.live(60)

    # Then the group goes on from that one, in order; the fifth was not received before
    assert [number for number, _ in shop.handled] == [0, 1, 2, 3, 2, 3, 4]
    assert bench.left() == 0


def test_a_message_that_kills_its_process_does_not_do_so_for_ever() -> None:
    """Most: until `maxReceiveCount`, if there is one; Celery with acks_late for ever."""
    shop = Shop()

    @shop.sells(stop=stop_after_attempt(3))
    def handle(number: int, delivery: Delivery) -> None:
        shop.handled.append((number, delivery.attempt))
        raise KeyboardInterrupt  # the process is gone: nobody is told how it ended

    bench = Bench(shop.tasks)
    bench.send(order())

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            bench.live(600)
        bench.crash()
    bench.live(600)

    assert [attempt for _, attempt in shop.handled] == [1, 2, 3]
    assert reasons(bench.letters()) == ["unreported"]
    assert bench.left() == 0
