"""One dispatch: a worker, a function in Lambda, a batch by hand and a replay reach the same verdict."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tenacity import retry_if_exception_type, stop_after_attempt, wait_fixed

from pubsub_tasks import Delivery, Discard, IgnoreMessage, Nack, Reject
from pubsub_tasks.aws_lambda.function import LambdaFunction
from pubsub_tasks.aws_lambda.function_setup import FunctionSetup
from pubsub_tasks.consumer.consumer import Consumer
from pubsub_tasks.consumer.message_dispatcher import MessageDispatcher
from pubsub_tasks.dead_letters.letter_view import Letter
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.redrive.replay import replay_letter
from pubsub_tasks.tasks.events import Settled
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.verdicts import Verdict
from pubsub_tasks.wire.records import Record
from tests.aws_lambda.events import EventSourceMapping
from tests.samples import NOW
from tests.worker.shop import NUMBER, Number, Shop, body

Dispatch = Callable[[Shop, str], tuple[str | None, Verdict]]
"""Sends a body to the shop's queue, and returns which task handled it and the verdict."""


def by_a_worker(shop: Shop, text: str) -> tuple[str | None, Verdict]:
    shop.send_bodies(text)
    with shop.running_worker(threads=1, coroutines=1):
        settled = shop.events.next(Settled)
    return settled.task, settled.verdict


def by_a_function(shop: Shop, text: str) -> tuple[str | None, Verdict]:
    shop.send_bodies(text)
    setup = FunctionSetup(shop.tasks, Observers([shop.events]), lambda: shop.transport)
    function = LambdaFunction(setup.having(None, shop.dead.url, None))
    EventSourceMapping(shop.queue, function.invoke, shop.queue.attributes().arn).poll()
    settled = shop.events.next(Settled)
    return settled.task, settled.verdict


def by_hand(shop: Shop, text: str) -> tuple[str | None, Verdict]:
    names: list[str | None] = [None]

    def named(call_next: Any, call: Any) -> Any:
        names[0] = call.task.name
        return call_next(call)

    async def anamed(call_next: Any, call: Any) -> Any:
        names[0] = call.task.name
        return await call_next(call)

    shop.tasks.use(named, anamed)
    shop.send_bodies(text)
    consumer = Consumer(shop.queue, shop.tasks, wait=0, dead_letters=lambda: shop.dead)
    (verdict,) = MessageDispatcher(consumer, Dispatcher(shop.tasks, "default")).handle_batch()
    return names[0], verdict


def by_replay(shop: Shop, text: str) -> tuple[str | None, Verdict]:
    replay = replay_letter(Dispatcher(shop.tasks, "default"), Letter.of(Record(text, "", "m")), lambda: NOW)
    return replay.task, replay.verdict


@pytest.fixture(params=[by_a_worker, by_a_function, by_hand, by_replay], ids=lambda each: each.__name__)
def dispatch(request: pytest.FixtureRequest) -> Dispatch:
    chosen: Dispatch = request.param
    return chosen


BEHAVIOR: dict[int, BaseException] = {
    1: OSError("busy"),
    2: ValueError("broken"),
    3: Reject("never"),
    4: Discard("not for us"),
    5: IgnoreMessage("nothing to do"),
    6: Nack(7),
    7: SystemExit(1),
}
"""What a handler raises for a number; 0 is handled."""


@pytest.mark.parametrize("is_async", [False, True], ids=["function", "coroutine"])
@pytest.mark.parametrize(
    ("text", "handled", "expected"),
    [
        (body(NUMBER, number=0), True, "Ack()"),
        (body(NUMBER, number=1), True, "Retry(after=9)"),
        (body(NUMBER, number=2), True, "DeadLetter(reason='failed')"),
        (body(NUMBER, number=3), True, "DeadLetter(reason='rejected')"),
        (body(NUMBER, number=4), True, "Drop(reason='not for us')"),
        (body(NUMBER, number=5), True, "Ack(skipped)"),
        (body(NUMBER, number=6), True, "Retry(after=7)"),
        (body(NUMBER, number=7), True, "DeadLetter(reason='failed')"),
        (body(NUMBER, number="many"), False, "DeadLetter(reason='invalid')"),
        (body("application/vnd.test.other", number=0), False, "DeadLetter(reason='unknown')"),
        (json.dumps({"number": 0}), False, "DeadLetter(reason='undecodable')"),
    ],
)
def test_all_ways_to_consume_reach_the_same_verdict(
    dispatch: Dispatch, text: str, handled: bool, expected: str, is_async: bool
) -> None:
    shop = Shop()
    options: dict[str, Any] = {
        "retry": retry_if_exception_type(OSError),
        "stop": stop_after_attempt(3),
        "wait": wait_fixed(9),
        "schema": Number,
        "name": "count",
    }

    def behave(number: int) -> None:
        if number in BEHAVIOR:
            raise BEHAVIOR[number]

    def count(number: int, delivery: Delivery) -> None:
        behave(number)

    async def acount(number: int, delivery: Delivery) -> None:
        behave(number)

    shop.task(**options)(acount if is_async else count)

    task, verdict = dispatch(shop, text)

    assert describe(verdict) == expected
    assert task == ("count" if handled else None)


def describe(verdict: Verdict) -> str:
    kind = type(verdict).__name__
    if getattr(verdict, "skipped", False):
        return f"{kind}(skipped)"
    for name in ("after", "reason"):
        if hasattr(verdict, name):
            value = getattr(verdict, name)
            return f"{kind}({name}={int(value) if name == 'after' else value!r})"
    return f"{kind}()"
