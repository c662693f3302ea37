"""Queues of one region that subscribe to a topic of another, in moto."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import boto3
import pytest
from cfnlint.api import lint_all
from moto import mock_aws

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.provisioning.export.cloudformation import cloudformation
from pubsub_tasks.provisioning.reading.boto_api import boto_api
from pubsub_tasks.provisioning.resources import Place
from pubsub_tasks.provisioning.topology import Declared, Naming, QueueSpec, build_topology
from pubsub_tasks.provisioning.wanted.wanted_resources import wanted_resources
from tests.provisioning.shop import ORDERED, PAID, PREFIX, SETTINGS, Account

HERE, THERE = "us-east-1", "eu-central-1"
PLACE = Place(HERE, "123456789012", queue_urls="https://queue.amazonaws.com/123456789012/")
ELSEWHERE = f"arn:aws:sns:{THERE}:123456789012:company-orders"


@cache
def client(service: str, region: str = HERE) -> Any:
    return boto3.client(service, region_name=region)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    declared = Declared((QueueSpec("receipts", (ORDERED, PAID)),), (ORDERED, PAID))
    arns = {ORDERED: ELSEWHERE, PAID: PLACE.topic_arn("shop-paid")}
    names = Naming(arns.__getitem__, queue_prefix=PREFIX)
    with mock_aws():
        client.cache_clear()
        client("sns", THERE).create_topic(Name="company-orders")
        yield Account(boto_api(client, HERE), PLACE, build_topology(declared, names))


def test_a_topic_of_another_region_is_subscribed_to_there_and_found_again(account: Account) -> None:
    applied = account.apply()

    assert applied.refusal is None
    (there,) = client("sns", THERE).list_subscriptions()["Subscriptions"]
    assert (there["TopicArn"], there["Endpoint"]) == (ELSEWHERE, PLACE.queue_arn("shop-receipts"))
    assert "subscription" not in {step.key.kind for step in account.plan().steps}


def test_a_template_names_the_region_of_the_topic(account: Account) -> None:
    template = cloudformation(wanted_resources(account.topology, PLACE, SETTINGS))

    regions = {
        each["Properties"]["TopicArn"]: each["Properties"].get("Region")
        for each in template["Resources"].values()
        if each["Type"] == "AWS::SNS::Subscription"
    }
    assert regions == {ELSEWHERE: THERE, PLACE.topic_arn("shop-paid"): None}
    found = lint_all(json.dumps(template))
    assert [str(each) for each in found if each.rule.severity != "informational"] == []


def test_a_topic_of_large_messages_has_a_hundred_subscriptions_at_most() -> None:
    queues = tuple(QueueSpec(f"queue-{number}", (ORDERED,)) for number in range(101))
    topology = build_topology(Declared(queues, (ORDERED,)), Naming(lambda name: PLACE.topic_arn("orders")))

    assert wanted_resources(topology, PLACE, SETTINGS)
    with pytest.raises(ConfigurationError, match="101 queues subscribe to the topic orders"):
        wanted_resources(topology, PLACE, replace(SETTINGS, max_size=300_000))
