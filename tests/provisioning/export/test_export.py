"""What is exported makes what apply makes."""

import json
import re
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.api import lint_all
from moto import mock_aws

from pubsub_tasks.provisioning.export.cloudformation import cloudformation
from pubsub_tasks.provisioning.export.iam_policies import publisher_policy, worker_policy
from pubsub_tasks.provisioning.export.symbols import ANY_PLACE
from pubsub_tasks.provisioning.export.terraform import address, terraform
from pubsub_tasks.provisioning.reading.boto_api import boto_api
from pubsub_tasks.provisioning.resources import Found, Place
from pubsub_tasks.provisioning.settings import AlarmSettings, ProvisioningSettings, SchedulerSettings
from pubsub_tasks.provisioning.topology import build_topology
from pubsub_tasks.provisioning.wanted.wanted_resources import wanted_resources
from tests.provisioning.export.stack import deploy
from tests.provisioning.shop import (
    OWNER,
    PLACE,
    PREFIX,
    SHOP,
    Account,
    BrokerApi,
    naming,
    shared_naming,
    topology,
)

SYMBOLIC = replace(ANY_PLACE, account="123456789012")
EVERYTHING = ProvisioningSettings(
    OWNER,
    {"team": "orders"},
    kms_key="1234abcd-12ab-34cd-56ef-1234567890ab",
    scheduler=SchedulerSettings("arn:aws:iam::123456789012:role/shop-scheduler", "shop"),
    alarms=AlarmSettings(600, ("arn:aws:sns:us-east-1:123456789012:pager",)),
    bucket="shop-bodies",
)


def stands(found: Found) -> dict[str, Any]:
    """What stands, without what AWS makes up."""
    made_up = ("SubscriptionArn", "CreatedTimestamp", "LastModifiedTimestamp")
    return {
        str(key): (
            {name: value for name, value in each.properties.items() if name not in made_up},
            each.tags,
        )
        for key, each in found.items()
    }


@pytest.mark.parametrize("shared", [False, True])
def test_a_deployed_template_stands_as_what_is_applied(shared: bool) -> None:
    # Given a template that was written without an account, and two accounts
    names = shared_naming if shared else naming
    template = cloudformation(
        wanted_resources(build_topology(SHOP, names(ANY_PLACE)), ANY_PLACE, ProvisioningSettings(OWNER))
    )
    by_stack, by_apply = (Account(BrokerApi(), topology=build_topology(SHOP, names(PLACE))) for _ in range(2))

    # When one is made from the template, and the other by apply
    deploy(template, by_stack.api, PLACE)
    by_apply.apply()

    # Then both are alike, and there is nothing to do in either
    assert stands(by_stack.found()) == stands(by_apply.found())
    assert by_stack.plan().steps == ()


def test_all_services_are_alike_in_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    place = Place("us-east-1", "123456789012", queue_urls="https://queue.amazonaws.com/123456789012/")
    settings = replace(EVERYTHING, kms_key=None, bucket=None)
    template = cloudformation(wanted_resources(build_topology(SHOP, naming(SYMBOLIC)), SYMBOLIC, settings))
    found = []
    for by_stack in (True, False):
        with mock_aws():
            account = Account(
                boto_api(cache(partial(boto3.client, region_name="us-east-1"))),
                place,
                topology(place),
                settings,
            )
            if by_stack:
                deploy(template, account.api, place)
            else:
                assert account.apply().refusal is None
            found.append(stands(account.found()))
            kinds = {step.key.kind for step in account.plan().steps}
            assert kinds <= {"queue", "topic"}, "moto does not return all of their attributes"

    assert found[0] == found[1]
    assert {"role shop-scheduler", "role policy shop-scheduler", "schedule group shop"} <= found[0].keys()
    assert "alarm shop-receipts-oldest-message" in found[0]


def test_the_template_is_correct() -> None:
    template = cloudformation(wanted_resources(build_topology(SHOP, naming(SYMBOLIC)), SYMBOLIC, EVERYTHING))

    found = lint_all(json.dumps(template))
    assert [str(each) for each in found if each.rule.severity != "informational"] == []


def test_terraform_has_only_arguments_that_the_provider_knows() -> None:
    known = json.loads((Path(__file__).parent / "terraform_arguments.json").read_text())
    resources = wanted_resources(build_topology(SHOP, naming(SYMBOLIC)), SYMBOLIC, EVERYTHING)

    document = terraform(resources)

    written = document["resource"]
    for kind, blocks in written.items():
        for name, arguments in blocks.items():
            assert arguments.keys() <= set(known[kind]), (kind, name)
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name)
            for needed in arguments.get("depends_on", ()):
                other, _, label = needed.partition(".")
                assert label in written[other]
    expressible = [each for each in resources if each.key.kind not in ("encryption key", "lifecycle rule")]
    assert len({address(each.key) for each in expressible}) == len(expressible)
    assert "@" not in json.dumps(document)


def test_policies_are_apart_and_name_what_is_the_app_s() -> None:
    settings = replace(EVERYTHING, kms_key=None)
    publisher = publisher_policy(topology(), PLACE, settings)
    worker = worker_policy(topology(), PLACE, settings)

    actions = {action for each in publisher["Statement"] for action in each["Action"]}
    assert actions == {
        *("sns:Publish", "sqs:SendMessage", "s3:PutObject"),
        *("scheduler:CreateSchedule", "iam:PassRole"),
    }
    consume = worker["Statement"][0]
    assert "sqs:DeleteMessage" in consume["Action"]
    assert consume["Resource"] == sorted(
        f"arn:aws:sqs:us-east-1:000000000000:{PREFIX}{name}" for name in ("receipts", "search", "stock.fifo")
    )
    assert all(
        "*" not in resource or ":s3:" in resource or ":schedule/" in resource
        for each in [*publisher["Statement"], *worker["Statement"]]
        for resource in each["Resource"]
    )
