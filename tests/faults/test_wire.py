"""A wire that fails in every way: the same messages, the same ledger, one kind of fault at a time and all."""

import pytest

from pubsub_tasks.errors import TransportError
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.transports.aws import Settings
from tests.faults.conftest import Survived
from tests.faults.effects import effects
from tests.faults.ledger import Ledger
from tests.faults.proxy import Fault, Plan, Proxy
from tests.faults.world import World, all_done, consuming, judge

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


def through(proxy: Proxy, attempts: int = 1) -> Settings:
    """Over this wire, and by default with no retries of boto3's own: each fault is ours to bear."""
    return Settings(endpoint_url=proxy.url, attempts=attempts, read_timeout=1.0)


def publish_until_confirmed(producer: Producer, number: int) -> None:
    """As the error tree says: a TransportError is safe to try again."""
    while True:
        try:
            producer.produce("application/vnd.faults.pubsub._.created.effect", number=number)
            return
        except TransportError:
            continue


def storm(world: World, ledger: Ledger, plan: Plan, count: int, attempts: int = 1) -> str:
    """Publish and consume `count` messages over a wire that fails as planned."""
    numbers = range(count)
    tasks = effects(ledger)
    with Proxy(world.url, plan) as proxy:
        with consuming(world, tasks, through(proxy, attempts)):
            producer = world.producer(tasks, through(proxy, attempts))
            for number in numbers:
                publish_until_confirmed(producer, number)
            all_done(world, ledger, numbers)
        met = proxy.told()
        assert proxy.met, "the plan let everything through, so nothing was shown"
        return f"{judge(world, ledger, numbers, excused=proxy.touched)}; {met}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.lower())
def test_one_kind_of_fault_loses_nothing(
    world: World, ledger: Ledger, kind: Fault, survived: Survived
) -> None:
    rate = 0.05 if kind is Fault.SILENCE else 0.3
    survived(storm(world, ledger, Plan(1, {kind: rate}, TRAFFIC, SLOW_TO_GIVE_UP), 40))


def test_all_kinds_together_lose_nothing(world: World, ledger: Ledger, survived: Survived) -> None:
    rates = {kind: 0.02 if kind is Fault.SILENCE else 0.06 for kind in KINDS}
    survived(storm(world, ledger, Plan(2, rates, TRAFFIC, SLOW_TO_GIVE_UP), 120))
