"""A deep queue is as fast as an empty one: counted in steps, since time depends on the machine.

A step is a call of a function, Python's own ones included, or a comparison of two moments, which is what
the heaps do. Whatever looks through a queue takes one of either for each message.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from types import FrameType
from typing import Any

import pytest

from pubsub_tasks.local.rules.broker import Broker
from tests.local.broker_client import BrokerClient

SHALLOW = 30
ROUNDS = 50

steps = 0


def _step(frame: FrameType, event: str, argument: object) -> None:
    global steps
    steps += event in ("call", "c_call")


def _counted(name: str) -> Callable[[float, float], Any]:
    plain = getattr(float, name)

    def compare(one: float, other: float) -> Any:
        global steps
        steps += 1
        return plain(one, other)

    return compare


class Moment(float):
    """A time that counts how often it is compared; so do the times made of it."""

    __eq__, __lt__, __le__ = _counted("__eq__"), _counted("__lt__"), _counted("__le__")
    __gt__, __ge__ = _counted("__gt__"), _counted("__ge__")
    __hash__ = float.__hash__

    def __add__(self, seconds: float) -> "Moment":
        return Moment(float(self) + seconds)


@dataclass
class Clock:
    now: float = 1_750_000_000.0

    def __call__(self) -> Moment:
        return Moment(self.now)


@dataclass
class CountingClient(BrokerClient):
    broker: Broker = field(default_factory=Broker)
    clock: Any = field(default_factory=Clock)

    @contextmanager
    def counting(self, into: dict[str, int], name: str) -> Iterator[None]:
        global steps
        steps = 0
        sys.setprofile(_step)
        try:
            yield
        finally:
            sys.setprofile(None)
        into[name] = into.get(name, 0) + steps


def fill(client: BrokerClient, url: str, depth: int) -> None:
    """A third in flight, a third delayed or of one large group, a third free to be received."""
    fifo = url.endswith(".fifo")
    for number in range(depth):
        third = 3 * number // depth
        if fifo:
            result: dict[str, Any] = {"MessageGroupId": "large" if third == 1 else f"g{number}"}
        else:
            result = {"DelaySeconds": 900 if third == 1 else 0}
        client.send(url, f"filled-{number}", **result)
        if third == 0 and number % 10 == 9:
            client.receive(url, VisibilityTimeout=40_000)


def cost(depth: int, name: str) -> dict[str, int]:
    """Steps of each operation on a queue of this depth, over some rounds."""
    client = CountingClient()
    letters = client.queue("letters" + name.removeprefix("orders"))
    url = client.queue(name, RedrivePolicy=client.redrive(letters))
    fill(client, url, depth)
    found: dict[str, int] = {}
    for number in range(ROUNDS):
        with client.counting(found, "send"):
            for body in "abc":
                result = {"MessageGroupId": f"{body}{number}"} if url.endswith(".fifo") else {}
                client.send(url, f"{body}{number}", **result)
        with client.counting(found, "receive, and dead-letter what was given back"):
            first, *rest = client.receive(url, 3)
        with client.counting(found, "extend"):
            client.change_visibility(url, first, 60)
        with client.counting(found, "delete"):
            for message in rest:
                client.delete(url, message)
        with client.counting(found, "give back"):
            client.change_visibility(url, first, 0)
        with client.counting(found, "count"):
            client.counts(url)
        client.clock.now += 0.01
    return found


@pytest.mark.parametrize("name", ["orders", "orders.fifo"])
@pytest.mark.parametrize("depth", [6_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_the_steps_of_an_operation_do_not_depend_on_the_depth_of_the_queue(name: str, depth: int) -> None:
    # In a process of its own: CPython 3.11 never leaves a function's first instruction while a profile is on
    # and an exception waits for some other thread, as a handler that no time limit could stop leaves one.
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        shallow, deep = alone.map(cost, (SHALLOW, depth), (name, name))
    print({operation: (shallow[operation], deep[operation]) for operation in deep})

    # A queue a hundred times as deep, and no operation takes twice the steps
    assert {operation: took for operation, took in deep.items() if took > 2 * shallow[operation]} == {}
