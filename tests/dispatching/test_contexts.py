"""Contexts: what a handler sets in its context affects neither other messages nor the caller."""

import decimal
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from pubsub_tasks.aws_lambda.function import LambdaFunction
from pubsub_tasks.aws_lambda.function_setup import FunctionSetup
from pubsub_tasks.consumer.consumer import Consumer
from pubsub_tasks.consumer.message_dispatcher import MessageDispatcher
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.verdicts import Ack
from tests.aws_lambda.events import EventSourceMapping
from tests.worker.shop import Shop

TENANT: ContextVar[str] = ContextVar("tenant", default="nobody")
Handle = Callable[[Shop, int], None]


def by_a_worker(shop: Shop, count: int) -> None:
    with shop.running_worker(threads=1, coroutines=1):
        assert shop.events.verdicts(count) == [Ack()] * count


def by_hand(shop: Shop, count: int) -> None:
    consumer = Consumer(shop.queue, shop.tasks, wait=0)
    dispatcher = MessageDispatcher(consumer, Dispatcher(shop.tasks, "default"))
    verdicts = []
    while batch := dispatcher.handle_batch():
        verdicts += batch
    assert verdicts == [Ack()] * count


def by_a_function(shop: Shop, count: int) -> None:
    setup = FunctionSetup(shop.tasks, Observers([shop.events]), lambda: shop.transport)
    function = LambdaFunction(setup, concurrency=1)
    EventSourceMapping(shop.queue, function.invoke, shop.queue.attributes().arn).poll()
    assert shop.events.verdicts(count) == [Ack()] * count


@pytest.fixture(params=[by_a_worker, by_hand, by_a_function])
def handle(request: pytest.FixtureRequest) -> Handle:
    chosen: Handle = request.param
    return chosen


def observed(seen: list[tuple[str, int]], name: str) -> None:
    """Record the context, then change it."""
    seen.append((TENANT.get(), decimal.getcontext().prec))
    TENANT.set(name)
    decimal.getcontext().prec = 3


UNTOUCHED = ("nobody", decimal.DefaultContext.prec)


def test_the_context_of_a_plain_handler_is_clean(handle: Handle) -> None:
    shop, seen = Shop(), list[tuple[str, int]]()
    shop.task()(lambda number: observed(seen, "handler"))
    shop.send(1, 2, 3)

    handle(shop, 3)

    assert seen == [UNTOUCHED] * 3
    assert (TENANT.get(), decimal.getcontext().prec) == UNTOUCHED


def test_the_context_of_a_coroutine_is_clean(handle: Handle) -> None:
    shop, seen = Shop(), list[tuple[str, int]]()

    @shop.task()
    async def note(number: int) -> None:
        observed(seen, "coroutine")

    shop.send(1, 2, 3)

    handle(shop, 3)

    assert seen == [UNTOUCHED] * 3
    assert (TENANT.get(), decimal.getcontext().prec) == UNTOUCHED


def test_middleware_and_its_handler_share_a_context(handle: Handle) -> None:
    # Given middleware that sets a variable and never resets it
    shop, outer, inner = Shop(), list[tuple[str, int]](), list[str]()

    def tenant(call_next: Callable[[Any], Any], call: Any) -> Any:
        observed(outer, "middleware")
        return call_next(call)

    shop.tasks.use(tenant)
    shop.task()(lambda number: inner.append(TENANT.get()))
    shop.send(1, 2)

    handle(shop, 2)

    # Then its handler sees the value, and the middleware of the next message does not
    assert inner == ["middleware"] * 2
    assert outer == [UNTOUCHED] * 2


def test_by_hand_the_context_is_a_copy_of_the_caller_s() -> None:
    shop, seen = Shop(), list[tuple[str, int]]()
    shop.task()(lambda number: observed(seen, "handler"))
    shop.send(1)
    token = TENANT.set("caller")
    try:
        by_hand(shop, 1)
    finally:
        TENANT.reset(token)
    assert seen == [("caller", decimal.DefaultContext.prec)]
