"""A wire that fails in every way: the same messages, the same ledger, one kind of fault at a time and all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.errors import TransportError
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.transports.aws.clients import ClientSettings
from tests.faults.conftest import Survived
from tests.faults.effects import Effect, effects
from tests.faults.ledger import Ledger
from tests.faults.proxy import Fault, Plan, Proxy
from tests.faults.world import World, all_done, consuming, judge

pytestmark = pytest.mark.timeout(300)  # it waits for processes and leases, on however busy a machine

TRAFFIC = (
    "ReceiveMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibilityBatch",
    "SendMessageBatch",
    "PublishBatch",
)
SLOW_TO_GIVE_UP = {Fault.SILENCE: ("ReceiveMessage",)}
"""A receive is given up after 20 s at the soonest; the long form waits for that."""

KINDS = [fault for fault in Fault if fault is not Fault.EXPIRED]


def through(proxy: Proxy, attempts: int = 1) -> ClientSettings:
    """Over this wire, and by default with no retries of boto3's own: each fault is ours to bear."""
    return ClientSettings(endpoint_url=proxy.url, attempts=attempts, read_timeout=1.0)


def publish_until_confirmed(world: World, producer: Producer, number: int) -> None:
    """As the error tree says: a TransportError is safe to try again."""
    while True:
        try:
            producer.publish(Codec(Effect), {"number": number}, world.options(number))
            return
        except TransportError:
            continue


def storm(world: World, ledger: Ledger, plan: Plan, count: int, attempts: int = 1) -> str:
    """Publish and consume `count` messages over a wire that fails as planned."""
    numbers = range(count)
    with Proxy(world.url, plan) as proxy:
        with consuming(world, effects(ledger), through(proxy, attempts)):
            producer = world.producer(through(proxy, attempts))
            for number in numbers:
                publish_until_confirmed(world, producer, number)
            all_done(world, ledger, numbers)
        met = proxy.told()
        assert proxy.met, "the plan let everything through, so nothing was shown"
        return f"{judge(world, ledger, numbers, excused=proxy.touched)}; {met}"


def test_one_kind_of_fault_at_a_time_loses_nothing(world: World, tmp_path: Path, survived: Survived) -> None:
    """Seven storms side by side, each on a wire and a queue of its own: they mostly wait."""

    def alone(kind: Fault) -> str:
        with Ledger(tmp_path / kind.name) as ledger:
            rate = 0.1 if kind is Fault.SILENCE else 0.25
            return storm(World(world.url), ledger, Plan(1, {kind: rate}, TRAFFIC, SLOW_TO_GIVE_UP), 16)

    with ThreadPoolExecutor(len(KINDS)) as side_by_side:
        for told in list(side_by_side.map(alone, KINDS)):
            survived(told)


KIND_OF_QUEUE = pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])


@KIND_OF_QUEUE
def test_all_kinds_together_lose_nothing(
    world: World, ledger: Ledger, fifo: bool, survived: Survived
) -> None:
    plan = Plan(2, mixed(0.2), TRAFFIC, SLOW_TO_GIVE_UP)
    survived(storm(World(world.url, fifo=fifo), ledger, plan, 48))


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@KIND_OF_QUEUE
@pytest.mark.parametrize("attempts", [1, 3], ids=["each-fault-ours", "boto3-retries"])
def test_a_long_storm_of_all_kinds_loses_nothing(
    world: World, ledger: Ledger, fifo: bool, attempts: int, survived: Survived
) -> None:
    plan = Plan(3, mixed(0.4), TRAFFIC)
    survived(storm(World(world.url, fifo=fifo), ledger, plan, 2_000, attempts))


def mixed(rate: float) -> dict[Fault, float]:
    """All kinds together at this rate; the one that takes a second each time is rarer."""
    return {kind: rate / (40 if kind is Fault.SILENCE else 7) for kind in KINDS}
