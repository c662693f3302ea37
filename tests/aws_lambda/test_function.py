"""A function in Lambda: what it does with the records of an event, and what it reports."""

import asyncio
import json
import re
from threading import Barrier
from typing import Any

import pytest
from tenacity import retry_if_exception_type, stop_after_attempt, wait_fixed

from pubsub_tasks import Delivery, Discard, Reject, Tasks
from pubsub_tasks.aws_events import S3ObjectCreated
from pubsub_tasks.aws_lambda import InvocationFailed, lambda_handler
from pubsub_tasks.aws_lambda.function import LambdaFunction
from pubsub_tasks.aws_lambda.function_setup import FunctionSetup
from pubsub_tasks.dead_letters.dead_letter_attribute import DEAD_LETTER
from pubsub_tasks.errors import ConfigurationError, EnvelopeError, SettleFailed, TaskTimeout
from pubsub_tasks.tasks.events import DeadLettered, Received, Settled, Started
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.verdicts import Ack, Retry
from tests.aws_events.samples import s3_event
from tests.aws_lambda.events import Clock, EventSourceMapping, sns_event, sqs_event
from tests.samples import OrderPlaced, body
from tests.worker.shop import NUMBER, Shop
from tests.worker.shop import body as number_body


class LambdaShop(Shop):
    """The shop of the worker's tests, on a virtual clock and with a function in place of the worker."""

    def __init__(self, *, fifo: bool = False, dead_letters: bool = True) -> None:
        super().__init__(fifo=fifo)
        self.clock = VirtualClock()
        self.transport = MemoryTransport(clock=self.clock)
        sqs = self.transport.client("sqs")
        suffix, kind = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
        url = sqs.create_queue(QueueName=f"dead{suffix}", Attributes=kind)["QueueUrl"]
        self.dead = self.transport.queue(url)
        redrive = {"deadLetterTargetArn": self.dead.attributes().arn, "maxReceiveCount": 100}
        policy = {"RedrivePolicy": json.dumps(redrive)} if dead_letters else {}
        attributes = {**kind, **policy, "VisibilityTimeout": "600"}
        url = sqs.create_queue(QueueName=f"orders{suffix}", Attributes=attributes)["QueueUrl"]
        self.queue = self.transport.queue(url)
        self.observed: list[Any] = []
        self.connections = 0

    def connect(self) -> MemoryTransport:
        self.connections += 1
        return self.transport

    def function(self, **options: Any) -> LambdaFunction:
        setup = FunctionSetup(self.tasks, Observers([self.observed.append]), self.connect)
        names = ("queue", "dead_letter_queue_url", "unknown")
        setup = setup.having(*(options.pop(name, None) for name in names))
        return LambdaFunction(setup, wall=self.clock, **options)

    def mapping(self, **options: Any) -> EventSourceMapping:
        return EventSourceMapping(self.queue, self.function(**options).invoke, self.queue.attributes().arn)

    def left(self) -> tuple[int, int]:
        """How many messages are visible, and how many hidden."""
        found = self.queue.attributes()
        return found.visible, found.in_flight

    def letters(self) -> list[dict[str, Any]]:
        records = self.dead.receive(10, 0, None)
        return [json.loads(record.attributes[DEAD_LETTER].value) for record in records]

    def seen(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.observed if type(event) is kind]


def numbers(bodies: list[str]) -> list[int]:
    return [json.loads(text)["number"] for text in bodies]


# Batches


def test_what_succeeds_is_left_for_lambda_to_delete_and_aws_is_not_called() -> None:
    shop, handled = LambdaShop(), []

    @shop.task()
    def handle(number: int) -> None:
        handled.append(number)

    shop.send(1, 2, 3)

    assert shop.mapping().poll() == []
    assert sorted(handled) == [1, 2, 3]
    assert shop.left() == (0, 0)
    assert shop.connections == 0


def test_what_fails_alone_is_reported_and_comes_back_after_the_back_off() -> None:
    shop, attempts = LambdaShop(), []

    @shop.task(wait=wait_fixed(90))
    def handle(number: int, delivery: Delivery) -> None:
        attempts.append((number, delivery.attempt))
        if number == 2 and delivery.attempt == 1:
            raise OSError("busy")

    # given a batch of which one fails
    shop.send(1, 2, 3)
    mapping = shop.mapping()
    assert numbers(mapping.poll()) == [2]

    # when the back-off is over, and not before
    shop.clock.advance(89)
    assert shop.left() == (0, 1)
    shop.clock.advance(1)

    # then it is handled again
    assert mapping.poll() == []
    assert attempts == [(1, 1), (2, 1), (3, 1), (2, 2)]
    assert shop.left() == (0, 0)


def test_messages_enveloped_by_a_topic_are_read() -> None:
    shop, topics = LambdaShop(), []

    @shop.task()
    def handle(number: int, delivery: Delivery) -> None:
        topics.append((number, delivery.topic))

    (record,) = sns_event(number_body(NUMBER, number=7))["Records"]
    shop.send_bodies(json.dumps(record["Sns"]))

    assert shop.mapping().poll() == []
    assert topics == [(7, record["Sns"]["TopicArn"])]


def test_an_event_without_records_is_a_success() -> None:
    shop = LambdaShop()
    shop.task()(lambda number: None)

    assert shop.function().invoke({"Records": []}) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            {"detail-type": "Object Created", "source": "aws.s3"},
            "an event with the keys 'detail-type', 'source'",
        ),
        ({}, "an empty event"),
        (None, "an event of type NoneType"),
        ({"Records": "x"}, "an event with the keys 'Records'"),
        ({"Records": [{"eventSource": "aws:s3"}]}, "records of aws:s3 are not from SQS or SNS"),
        ({"Records": [{"eventSource": "aws:sqs", "body": "x"}]}, "is not from SQS"),
        ({"Records": [{"EventSource": "aws:sns", "Sns": 1}]}, "is not from SNS"),
    ],
)
def test_an_event_of_another_service_fails_the_invocation_in_plain_words(event: Any, told: str) -> None:
    shop = LambdaShop()
    shop.task()(lambda number: None)

    with pytest.raises(EnvelopeError, match=told):
        shop.function().invoke(event)


def test_records_of_two_queues_in_one_event_are_refused() -> None:
    shop = LambdaShop()
    shop.task()(lambda number: None)
    shop.send(1, 2)
    first, second = (sqs_event([record])["Records"][0] for record in shop.queue.receive(2, 0, None))

    with pytest.raises(EnvelopeError, match="several sources"):
        shop.function().invoke({"Records": [first, {**second, "eventSourceARN": "arn:aws:sqs:x:1:other"}]})


# Dead letters


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (number_body(NUMBER, number="many"), "invalid"),
        (number_body("application/vnd.test.unheard.of"), "unknown"),
        ("not JSON", "undecodable"),
        (number_body(NUMBER, number=1), "rejected"),
        (number_body(NUMBER, number=2), "failed"),
        (number_body(NUMBER, number=3), "exhausted"),
    ],
)
def test_a_dead_letter_is_confirmed_before_the_message_is_left_to_be_deleted(text: str, reason: str) -> None:
    shop = LambdaShop()

    @shop.task(retry=retry_if_exception_type(OSError), stop=stop_after_attempt(1))
    def handle(number: int) -> None:
        if number == 1:
            raise Reject("never")
        raise ValueError("broken") if number == 2 else OSError("busy")

    shop.send_bodies(text)

    assert shop.mapping().poll() == []
    assert [letter["reason"] for letter in shop.letters()] == [reason]
    assert [event.reason for event in shop.seen(DeadLettered)] == [reason]
    assert shop.left() == (0, 0)


def test_a_message_whose_dead_letter_cannot_be_sent_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    shop = LambdaShop()

    @shop.task()
    def handle(number: int) -> None:
        raise Reject("never")

    shop.send(1)
    mapping = shop.mapping(dead_letter_queue_url=shop.dead.url + "-gone")

    assert numbers(mapping.poll()) == [1]
    assert "cannot be sent, so the message is retried" in caplog.text
    assert shop.left() == (0, 1)


def test_without_a_dead_letter_queue_a_message_is_kept_and_reported() -> None:
    shop = LambdaShop(dead_letters=False)

    @shop.task()
    def handle(number: int) -> None:
        raise Reject("never")

    shop.send(1)

    assert numbers(shop.mapping().poll()) == [1]
    assert shop.left() == (0, 1)
    (settled,) = shop.seen(Settled)
    assert isinstance(settled.verdict, Retry)


def test_what_a_handler_discards_is_not_reported() -> None:
    shop = LambdaShop()

    @shop.task()
    def handle(number: int) -> None:
        raise Discard("not for us")

    shop.send(1)

    assert shop.mapping().poll() == []
    assert shop.letters() == []


def test_an_unknown_media_type_can_be_left_to_other_consumers() -> None:
    shop = LambdaShop()
    shop.task()(lambda number: None)
    shop.send_bodies(number_body("application/vnd.test.of.tomorrow"))

    assert len(shop.mapping(unknown="release").poll()) == 1
    assert shop.letters() == []


# FIFO


@pytest.mark.parametrize("is_async", [False, True], ids=["function", "coroutine"])
def test_a_fifo_group_stops_at_its_first_failure_and_others_go_on(is_async: bool) -> None:
    shop, handled = LambdaShop(fifo=True), []

    def handle(number: int, delivery: Delivery) -> None:
        handled.append(number)
        if number == 2 and delivery.attempt == 1:
            raise OSError("busy")

    async def ahandle(number: int, delivery: Delivery) -> None:
        handle(number, delivery)

    shop.task(wait=wait_fixed(60))(ahandle if is_async else handle)

    # given two groups, and a failure in the middle of one
    shop.send(1, 2, 3, 4, group="a")
    shop.send(10, 20, group="b")
    mapping = shop.mapping()

    # then what stands behind the failure is reported and was not started
    assert numbers(mapping.poll()) == [2, 3, 4]
    assert handled == [1, 2, 10, 20]

    # and once the back-off is over the group goes on in order
    shop.clock.advance(60)
    assert mapping.poll() == []
    assert handled == [1, 2, 10, 20, 2, 3, 4]


def test_a_dead_letter_does_not_stop_its_fifo_group() -> None:
    shop, handled = LambdaShop(fifo=True), []

    @shop.task()
    def handle(number: int) -> None:
        handled.append(number)
        if number == 1:
            raise Reject("never")

    shop.send(1, 2, group="a")

    assert shop.mapping().poll() == []
    assert handled == [1, 2]
    assert [letter["reason"] for letter in shop.letters()] == ["rejected"]


# At the same time


def test_as_many_records_as_set_are_handled_at_the_same_time() -> None:
    shop = LambdaShop()
    together = Barrier(3)

    @shop.task()
    def handle(number: int) -> None:
        together.wait(timeout=30)

    shop.send(1, 2, 3)

    assert shop.mapping(concurrency=3).poll() == []


def test_coroutines_are_handled_at_the_same_time_in_one_loop_that_stays() -> None:
    shop, loops, most, running = LambdaShop(), set(), [0], [0]

    @shop.task()
    async def handle(number: int) -> None:
        loops.add(asyncio.get_running_loop())
        running[0] += 1
        most[0] = max(most[0], running[0])
        await asyncio.sleep(0)
        running[0] -= 1

    mapping = shop.mapping(concurrency=2)
    for _ in range(2):
        shop.send(1, 2, 3)
        assert mapping.poll() == []

    assert most == [2]
    assert len(loops) == 1


def test_functions_and_coroutines_share_an_event() -> None:
    shop, handled = LambdaShop(), []

    @shop.task()
    async def by_coroutine(number: int) -> None:
        handled.append(number)

    @shop.task(OrderPlaced)
    def by_function(order_id: str, total: Any) -> None:
        asyncio.run(asyncio.sleep(0))  # no loop runs in its thread
        handled.append(order_id)

    shop.send(1)
    shop.send_bodies(body())

    assert shop.mapping().poll() == []
    assert handled == [1, "o-1"]


def test_a_handler_may_be_invoked_while_a_loop_runs() -> None:
    shop, handled = LambdaShop(), []

    @shop.task()
    async def handle(number: int) -> None:
        handled.append(number)

    async def test_of_an_application() -> list[str]:
        return shop.mapping().poll()

    shop.send(1)

    assert asyncio.run(test_of_an_application()) == []
    assert handled == [1]


def test_a_coroutine_that_cancels_itself_fails_by_its_policy(caplog: pytest.LogCaptureFixture) -> None:
    shop = LambdaShop()

    @shop.task(wait=wait_fixed(7))
    async def handle(number: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    shop.send(1)

    assert numbers(shop.mapping().poll()) == [1]
    assert [event.verdict.after for event in shop.seen(Settled)] == [7]
    assert "could not be handled" not in caplog.text


@pytest.mark.parametrize("error", [asyncio.CancelledError(), SystemExit(3), GeneratorExit()])
def test_an_odd_exception_of_a_handler_fails_its_own_record(error: BaseException) -> None:
    shop = LambdaShop()

    @shop.task()
    async def handle(number: int) -> None:
        if number == 1:
            raise error

    shop.send(1, 2)

    assert numbers(shop.mapping(concurrency=2).poll()) == [1]


# Time


@pytest.mark.parametrize("concurrency", [1, 2])
def test_what_cannot_start_in_the_time_left_is_reported_and_given_back(
    concurrency: int, caplog: pytest.LogCaptureFixture
) -> None:
    shop, handled, context = LambdaShop(), [], Clock()

    @shop.task()
    def handle(number: int) -> None:
        handled.append(number)
        context.milliseconds = 1_900

    shop.send(1, 2, 3, 4)

    failed = numbers(shop.mapping(reserve=2.0, concurrency=concurrency).poll(context))

    assert 1 <= len(handled) <= concurrency
    assert sorted(failed + handled) == [1, 2, 3, 4]
    assert shop.left() == (len(failed), 0)
    assert "were not started" in caplog.text


@pytest.mark.parametrize(
    ("reserve", "milliseconds", "given_back"), [(10.0, 8_000, True), (10.0, 4_900, False), (0.4, 100, False)]
)
def test_visibility_timeouts_are_set_while_half_of_the_reserve_is_left(
    reserve: float, milliseconds: float, given_back: bool
) -> None:
    shop, context = LambdaShop(), Clock()

    @shop.task()
    def handle(number: int) -> None:
        context.milliseconds = milliseconds

    shop.send(1, 2)

    assert len(shop.mapping(reserve=reserve).poll(context)) == 1
    assert shop.left() == ((1, 0) if given_back else (0, 1))


def test_a_task_with_a_time_limit_starts_only_if_it_is_left() -> None:
    shop, handled = LambdaShop(), []

    @shop.task(timeout=30)
    def handle(number: int) -> None:
        handled.append(number)

    shop.send(1, 2)

    assert numbers(shop.mapping().poll(Clock(31_000))) == [2]
    assert handled == [1]  # the first always starts


def test_a_handler_past_its_time_limit_is_interrupted() -> None:
    shop, waiting = LambdaShop(), Barrier(2)

    @shop.task(timeout=0.01)
    def handle(number: int) -> None:
        while not waiting.broken:
            pass

    @shop.task(OrderPlaced, timeout=0.01)
    async def handle_order(order_id: str, total: Any) -> None:
        await asyncio.sleep(60)

    shop.send(1)
    shop.send_bodies(body())

    assert len(shop.mapping().poll()) == 2
    assert [type(event.verdict.error) for event in shop.seen(Settled)] == [TaskTimeout, TaskTimeout]


# What it may not do


def test_a_function_that_may_not_set_visibility_only_reports_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop = LambdaShop()

    def denied(*_: Any) -> Any:
        raise SettleFailed("ChangeMessageVisibilityBatch failed: AccessDenied", code="AccessDenied")

    monkeypatch.setattr("pubsub_tasks.transports.sqs.SqsQueue.change_visibility", denied)

    @shop.task(wait=wait_fixed(1))
    def handle(number: int) -> None:
        raise OSError("busy")

    mapping = shop.mapping()
    for _ in range(2):
        shop.send(1)
        assert numbers(mapping.poll()) == [1]

    assert shop.left() == (0, 2)
    assert caplog.text.count("cannot be set") == 1


# Topics


def test_a_message_of_a_topic_is_handled() -> None:
    shop, handled = LambdaShop(), []

    @shop.task()
    def handle(number: int, delivery: Delivery) -> None:
        handled.append((number, delivery.attempt, delivery.topic, delivery.attributes["shop"].value))

    event = sns_event(number_body(NUMBER, number=7), {"shop": {"Type": "String", "Value": "north"}})

    assert shop.function().invoke(event) == {"batchItemFailures": []}
    assert handled == [(7, 1, event["Records"][0]["Sns"]["TopicArn"], "north")]
    assert shop.connections == 0


def test_a_retry_of_a_message_of_a_topic_is_raised() -> None:
    shop = LambdaShop()

    @shop.task()
    def handle(number: int) -> None:
        raise OSError("busy")

    with pytest.raises(InvocationFailed, match="95df01b4-ee98-5cb9-9903-4c221d41eb5e") as caught:
        shop.function().invoke(sns_event(number_body(NUMBER, number=7)))

    assert isinstance(caught.value.__cause__, OSError)
    assert shop.connections == 0


def test_a_dead_letter_of_a_topic_needs_a_queue_that_is_named() -> None:
    shop = LambdaShop()
    shop.task()(lambda number: None)
    event = sns_event("not JSON")

    assert shop.function(dead_letter_queue_url=shop.dead.url).invoke(event) == {"batchItemFailures": []}
    assert [letter["reason"] for letter in shop.letters()] == ["undecodable"]

    with pytest.raises(InvocationFailed):
        shop.function().invoke(event)


@pytest.mark.parametrize("wrapped", [False, True], ids=["from the queue", "from a topic"])
def test_events_of_aws_are_handled(wrapped: bool) -> None:
    shop, keys = LambdaShop(), list[str]()

    @shop.task(S3ObjectCreated)
    def import_orders(records: list[dict[str, Any]]) -> None:
        keys.extend(record["key"] for record in records)

    document = json.dumps(s3_event())
    if wrapped:
        shop.function().invoke(sns_event(document))
    else:
        shop.send_bodies(document)
        assert shop.mapping().poll() == []

    assert keys == ["in/a b=1.csv"]
    told = [event.delivery.media_type for kind in (Started, Settled) for event in shop.seen(kind)]
    assert told == [S3ObjectCreated.MEDIA_TYPE] * 2


# Which tasks


def test_the_queue_in_the_event_chooses_the_tasks() -> None:
    shop, handled = LambdaShop(), []

    @shop.task(queue="orders")
    def of_orders(number: int) -> None:
        handled.append("orders")

    @shop.task(queue="stock")
    def of_stock(number: int) -> None:
        handled.append("stock")

    shop.send(1)
    shop.mapping().poll()
    shop.send(2)
    shop.mapping(queue="stock").poll()

    assert handled == ["orders", "stock"]


def test_a_queue_without_tasks_fails_the_invocation_and_says_what_to_give() -> None:
    shop = LambdaShop()
    shop.task(queue="stock")(lambda number: None)
    shop.send(1)

    with pytest.raises(
        ConfigurationError, match=r"no task names the queue 'orders'.*lambda_handler\(\.\.\., queue="
    ):
        shop.mapping().poll()


def test_observers_are_notified_as_by_a_worker() -> None:
    shop = LambdaShop()
    shop.task()(lambda number: None)
    shop.send(1, 2)

    shop.mapping().poll()

    assert [event.count for event in shop.seen(Received)] == [2]
    assert len(shop.seen(Started)) == 2
    assert [event.verdict for event in shop.seen(Settled)] == [Ack(), Ack()]


@pytest.mark.parametrize("app", ["shop.tasks", object(), json])
def test_an_app_of_the_wrong_kind_is_refused(app: Any) -> None:
    with pytest.raises(ConfigurationError, match="give a Tasks registry, an object graph, or nothing"):
        lambda_handler(app)


def test_a_misspelt_policy_for_unknown_types_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="unknown='dropp': give dead-letter, release or drop"):
        lambda_handler(unknown="dropp")  # type: ignore[arg-type]


def test_so_is_one_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_TASKS__SQS_CONSUMER__UNKNOWN", "dropp")

    with pytest.raises(ConfigurationError, match="unknown='dropp': give dead-letter, release or drop"):
        lambda_handler(Tasks())


@pytest.mark.parametrize("concurrency", [0, "x", 1.5, None])
def test_a_concurrency_below_one_or_of_another_type_is_refused(concurrency: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=re.escape(f"concurrency={concurrency!r}: give a whole number")
    ):
        lambda_handler(concurrency=concurrency)


@pytest.mark.parametrize("reserve", [-1, "2", float("nan"), float("inf"), None])
def test_a_reserve_that_is_no_time_is_refused(reserve: Any) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"reserve={reserve!r}: give seconds")):
        lambda_handler(reserve=reserve)
