"""Who sends to encrypted queues and topics may use their key, and no other."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pubsub_tasks.provisioning.export.cloudformation import cloudformation
from pubsub_tasks.provisioning.export.iam_policies import publisher_policy, worker_policy
from pubsub_tasks.provisioning.export.terraform import terraform
from pubsub_tasks.provisioning.resources import Place
from pubsub_tasks.provisioning.settings import ProvisioningSettings, SchedulerSettings
from pubsub_tasks.provisioning.wanted.wanted_resources import wanted_resources
from tests.provisioning.shop import OWNER, topology

CHINA = Place("cn-north-1", "123456789012", "aws-cn")
ARN = "arn:aws-cn:kms:cn-north-1:123456789012"
ELSEWHERE = "arn:aws-cn:kms:cn-north-1:999999999999"
BY_ALIAS = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/shop"}}

every_form = pytest.mark.parametrize(
    ("key", "resource", "condition"),
    [
        ("1234-abcd", f"{ARN}:key/1234-abcd", None),
        ("mrk-1234", f"{ARN}:key/mrk-1234", None),
        (f"{ELSEWHERE}:key/1234-abcd", f"{ELSEWHERE}:key/1234-abcd", None),
        ("alias/shop", f"{ARN}:key/*", BY_ALIAS),
        (f"{ELSEWHERE}:alias/shop", f"{ELSEWHERE}:key/*", BY_ALIAS),
    ],
)


def settings(key: str | None) -> ProvisioningSettings:
    role = f"arn:aws-cn:iam::{CHINA.account}:role/scheduler"
    return ProvisioningSettings(OWNER, kms_key=key, scheduler=SchedulerSettings(role))


def role_policy(key: str | None) -> Mapping[str, Any]:
    wanted = wanted_resources(topology(CHINA), CHINA, settings(key))
    (document,) = (each.properties["PolicyDocument"] for each in wanted if each.key.kind == "role policy")
    return dict(document)


def of_kms(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in document["Statement"] if any("kms:" in action for action in each["Action"])]


@every_form
def test_the_scheduler_s_role_may_use_the_configured_key_alone(
    key: str, resource: str, condition: dict[str, Any] | None
) -> None:
    (statement,) = of_kms(role_policy(key))

    assert statement["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]
    assert (statement["Resource"], statement.get("Condition")) == (resource, condition)


@every_form
def test_so_may_publishers_and_workers(key: str, resource: str, condition: dict[str, Any] | None) -> None:
    for policy in (publisher_policy, worker_policy):
        (statement,) = of_kms(policy(topology(CHINA), CHINA, settings(key)))
        assert (statement["Resource"], statement.get("Condition")) == (resource, condition)


def test_without_a_key_nobody_may_use_any() -> None:
    documents = [
        role_policy(None),
        publisher_policy(topology(CHINA), CHINA, settings(None)),
        worker_policy(topology(CHINA), CHINA, settings(None)),
    ]

    assert [of_kms(each) for each in documents] == [[], [], []]


@pytest.mark.parametrize("write", [cloudformation, terraform])
def test_templates_name_the_same_key(write: Any) -> None:
    wanted = wanted_resources(topology(CHINA), CHINA, settings("alias/shop"))

    text = json.dumps(write(wanted)).replace("\\", "")

    assert f'"Resource": "{ARN}:key/*"' in text
    assert '"kms:ResourceAliases": "alias/shop"' in text
    assert '"Resource": "*"' not in text
