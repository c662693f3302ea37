"""What is applied stands as it was wanted, in every environment."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from pubsub_tasks.provisioning.reading.aws_api import Api
from pubsub_tasks.provisioning.reading.boto_api import boto_api
from pubsub_tasks.provisioning.reading.locate import locate
from pubsub_tasks.provisioning.resources import Place
from pubsub_tasks.provisioning.topology import build_topology
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.wire.records import Outgoing, text
from tests.contract.environments import MOTO, Environment
from tests.provisioning.shop import MOVED, ORDERED, PAID, SHOP, Account, naming, shared_naming

NOT_RETURNED_BY_MOTO = {"FifoThroughputScope", "RedriveAllowPolicy"}


def account(environment: Environment, *, shared: bool = False) -> Account:
    """An account of its own in the environment, with topics shared or not."""
    api, place = api_of(environment)
    prefix = f"shop{uuid4().hex[:8]}-"
    names = shared_naming(place, prefix) if shared else naming(place, prefix)
    return Account(api, place, build_topology(SHOP, names), prefix=prefix)


def api_of(environment: Environment) -> tuple[Api, Place]:
    transport = environment.transport
    if isinstance(transport, MemoryTransport):
        memory = transport

        def call(service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
            return memory.call(service, action, dict(params))

        broker = memory.broker
        urls = f"{broker.endpoint}/{broker.account}/"
        return call, Place(broker.region, broker.account, queue_urls=urls)
    assert isinstance(transport, AwsTransport)
    api = boto_api(transport.client)
    return api, locate(api, environment.sqs, [])


@pytest.mark.parametrize("shared", [False, True])
def test_a_second_plan_is_empty(environment: Environment, shared: bool) -> None:
    if shared:
        environment.lacks("filters", "a FIFO topic cannot deliver to a standard queue")
    shop = account(environment, shared=shared)

    applied = shop.apply()

    assert applied.refusal is None
    plan = shop.plan()
    differing = {each.name for step in plan.steps for each in step.differences}
    assert differing <= (NOT_RETURNED_BY_MOTO if environment.features is MOTO else set())
    assert plan.left_alone == ()


def test_a_published_message_reaches_the_queues_of_its_tasks_alone(environment: Environment) -> None:
    # Given one topic for all media types
    environment.lacks("filters", "prefixes")
    shop = account(environment, shared=True)
    shop.apply()
    arn = shop.topology.topics[0].arn

    # When a message of each media type is published
    for media_type in (ORDERED, PAID, MOVED):
        entry = Outgoing(media_type, {"media_type": text(media_type)}, "group", uuid4().hex)
        environment.publisher().publish(arn, [entry])

    # Then each queue has those of its tasks, and a wildcard's all that it stands for
    received = {}
    for queue in shop.topology.queues:
        opened = environment.transport.queue(shop.place.queue_url(queue.name))
        received[queue.logical_name] = sorted(
            record.body for _ in range(3) for record in opened.receive(10, 0, 30)
        )
    assert received == {
        "receipts": sorted([ORDERED, PAID]),
        "search": sorted([ORDERED, PAID]),
        "stock.fifo": [MOVED],
    }
