"""The exported policies allow each call that publishers and workers make, and no other."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pubsub_tasks
from pubsub_tasks.provisioning.export.iam_policies import Policy, publisher_policy, worker_policy
from pubsub_tasks.provisioning.settings import ProvisioningSettings, SchedulerSettings
from pubsub_tasks.provisioning.topology import Declared, QueueSpec, Topology, build_topology
from pubsub_tasks.provisioning.wanted.wanted_resources import wanted_resources
from tests.provisioning.shop import OWNER, PLACE, naming, topology

PACKAGE = Path(pubsub_tasks.__file__).parent
NOTHING = ProvisioningSettings(OWNER)
EVERYTHING = ProvisioningSettings(
    OWNER,
    kms_key="1234-abcd",
    bucket="bodies",
    scheduler=SchedulerSettings(PLACE.role_arn("scheduler"), "shop"),
)

OF_DLQ_COMMANDS = {
    "sqs:CancelMessageMoveTask",
    "sqs:ListDeadLetterSourceQueues",
    "sqs:ListMessageMoveTasks",
    "sqs:StartMessageMoveTask",
}
"""Calls of people who look after dead letters."""

OF_OTHER_SERVICES = {"iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey"}
"""What AWS does for a caller, who must be allowed to do it."""


def called(file: str, pattern: str, service: str) -> set[str]:
    """The actions that a module calls. A batch needs the permission of its single action."""
    found = re.findall(pattern, (PACKAGE / file).read_text(encoding="utf-8"))
    assert found, f"{file} calls nothing"
    names = ("".join(map(str.capitalize, name.split("_"))) if "_" in name else name for name in found)
    return {f"{service}:{name.removesuffix('Batch')}" for name in names}


SQS = called("transports/sqs.py", r'(?:call|_settle)\(\s*"(\w+)"', "sqs") - OF_DLQ_COMMANDS
SNS = called("transports/sns.py", r'_call\(\s*"(\w+)"', "sns")
S3 = called("transports/aws/s3_claims.py", r"_client\(\)\.(\w+)\(", "s3")
SCHEDULER = called("publishing/scheduler.py", r"client\(\)\.(\w+)\(", "scheduler")


def actions(policy: Policy) -> set[str]:
    return {action for each in policy["Statement"] for action in each["Action"]}


def test_a_worker_may_make_each_call_of_the_transport_and_no_other() -> None:
    assert actions(worker_policy(topology(), PLACE, NOTHING)) == SQS | SNS
    assert actions(worker_policy(topology(), PLACE, EVERYTHING)) == (
        SQS | SNS | S3 | SCHEDULER | OF_OTHER_SERVICES
    )


def test_a_publisher_may_send_and_store() -> None:
    sends = {"sns:Publish", "sqs:SendMessage"}

    assert actions(publisher_policy(topology(), PLACE, NOTHING)) == sends
    assert actions(publisher_policy(topology(), PLACE, EVERYTHING)) == (
        sends | SCHEDULER | OF_OTHER_SERVICES | {"s3:PutObject"}
    )


@pytest.mark.parametrize(
    ("feature", "adds"),
    [
        ({"kms_key": "1234-abcd"}, {"kms:Decrypt", "kms:GenerateDataKey"}),
        ({"bucket": "bodies"}, S3),
        ({"scheduler": EVERYTHING.scheduler}, SCHEDULER | {"iam:PassRole"}),
    ],
)
def test_each_feature_adds_its_own_calls(feature: dict[str, Any], adds: set[str]) -> None:
    policy = worker_policy(topology(), PLACE, replace(NOTHING, **feature))

    assert actions(policy) - SQS - SNS == adds


def test_messages_are_received_from_queues_and_sent_to_dead_letter_queues() -> None:
    by_sid = {each["Sid"]: each for each in worker_policy(topology(), PLACE, NOTHING)["Statement"]}

    assert "sqs:ReceiveMessage" in by_sid["Consume"]["Action"]
    assert not any("-dlq" in arn for arn in by_sid["Consume"]["Resource"])
    # The dead-letter queue is found by the name in its ARN, and read for the size of its letters.
    assert set(by_sid["SendDeadLetters"]["Action"]) == {
        *("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage")
    }
    assert all("-dlq" in arn for arn in by_sid["SendDeadLetters"]["Resource"])


def large() -> Topology:
    types = [f"application/vnd.shop.pubsub._.created.resource_{number}" for number in range(200)]
    queues = tuple(QueueSpec(f"queue-{number}", tuple(types[number::30])) for number in range(30))
    return build_topology(Declared(queues, tuple(types)), naming())


def test_the_policies_of_a_large_app_are_within_the_limits_of_iam() -> None:
    for policy in (worker_policy(large(), PLACE, EVERYTHING), publisher_policy(large(), PLACE, EVERYTHING)):
        assert len(json.dumps(policy, separators=(",", ":"))) <= 6_144
        (publish,) = (each for each in policy["Statement"] if each["Sid"] == "Publish")
        assert publish["Resource"] == [
            PLACE.topic_arn("shop-application_2fvnd-shop-pubsub-__-created-resource__*")
        ]

    wanted = wanted_resources(large(), PLACE, EVERYTHING)
    (role,) = (each.properties["PolicyDocument"] for each in wanted if each.key.kind == "role policy")
    assert len(json.dumps(role)) <= 10_240
