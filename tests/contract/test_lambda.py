"""A function in Lambda: its dead letters, delays and visibility timeouts on each transport."""

import json
from typing import Any

from tenacity import wait_fixed

from pubsub_tasks import Delivery, Reject, Tasks, task
from pubsub_tasks.aws_lambda.function import LambdaFunction
from pubsub_tasks.aws_lambda.function_setup import FunctionSetup
from pubsub_tasks.dead_letters.dead_letter_attribute import DEAD_LETTER
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.transports.protocols import Queue
from tests.aws_lambda.events import EventSourceMapping
from tests.contract.environments import Environment, receive, send
from tests.samples import OrderPlaced, body


def mapping(environment: Environment, queue: Queue, tasks: Tasks, **options: Any) -> EventSourceMapping:
    setup = FunctionSetup(tasks, Observers(), lambda: environment.transport)
    clock = {"wall": environment.clock} if environment.clock is not None else {}
    function = LambdaFunction(setup, **clock, **options)
    return EventSourceMapping(queue, function.invoke, queue.attributes().arn)


def with_dead_letters(environment: Environment, *, fifo: bool = False) -> tuple[Queue, Queue]:
    letters = environment.queue(fifo=fifo)
    redrive = {"deadLetterTargetArn": letters.attributes().arn, "maxReceiveCount": 100}
    return environment.queue(fifo=fifo, RedrivePolicy=redrive, VisibilityTimeout="60"), letters


def test_a_dead_letter_is_in_its_queue_and_no_more_in_the_other(environment: Environment) -> None:
    tasks = Tasks()

    @task(OrderPlaced, tasks=tasks)
    def refuse(order_id: str, total: Any) -> None:
        raise Reject("never")

    queue, letters = with_dead_letters(environment)
    send(queue, body(), "not JSON")

    assert mapping(environment, queue, tasks).poll() == []

    copies = receive(letters)
    assert sorted(record.body for record in copies) == sorted([body(), "not JSON"])
    reasons = [json.loads(record.attributes[DEAD_LETTER].value)["reason"] for record in copies]
    assert sorted(reasons) == ["rejected", "undecodable"]
    assert queue.attributes().in_flight == 0


def test_a_retry_becomes_visible_when_its_back_off_is_over(environment: Environment) -> None:
    tasks, attempts = Tasks(), []

    @task(OrderPlaced, tasks=tasks, wait=wait_fixed(1))
    def busy(order_id: str, total: Any, delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        raise OSError("busy")

    queue, _ = with_dead_letters(environment)
    send(queue, body())

    assert mapping(environment, queue, tasks).poll() == [body()]

    (again,) = environment.receive_after(queue, 1)
    assert again.receive_count == 2
    assert attempts == [1]


def test_a_fifo_group_goes_on_in_order_after_a_retry(environment: Environment) -> None:
    environment.lacks("fifo_order", "a group is not held while one of its messages is in flight")
    tasks, handled = Tasks(), []

    @task(OrderPlaced, tasks=tasks, wait=wait_fixed(0))
    def count(order_id: str, total: Any, delivery: Delivery) -> None:
        handled.append(order_id)
        if order_id == "2" and delivery.attempt == 1:
            raise OSError("busy")

    queue, _ = with_dead_letters(environment, fifo=True)
    for number in "123":
        send(queue, body(order_id=number, total="1"), group_id="g", deduplication_id=number)
    polled = mapping(environment, queue, tasks)

    failed = [json.loads(text)["order_id"] for text in polled.poll()]
    assert failed == ["2", "3"]
    assert polled.poll() == []
    assert handled == ["1", "2", "2", "3"]
