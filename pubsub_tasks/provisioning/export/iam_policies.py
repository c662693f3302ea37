"""Least-privilege IAM policies of what publishes and of what works on the queues."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...wire.s3_pointer import KEY_PREFIX
from ..resources import Place
from ..settings import ProvisioningSettings
from ..topology import Topology
from ..wanted.statements import fitting, key_use_statement

Policy = Mapping[str, Any]

_MOST = 1_200
"""Bytes of a statement's ARNs: a worker has four such lists, and a managed policy at most 6,144 characters.
Source: IAM user guide, "IAM and AWS STS quotas"."""


def publisher_policy(topology: Topology, place: Place, settings: ProvisioningSettings) -> Policy:
    """For a process that publishes the application's messages, and delays tasks."""
    return _policy(_publishing(topology, place, settings, s3=["s3:PutObject"]))


def worker_policy(topology: Topology, place: Place, settings: ProvisioningSettings) -> Policy:
    """For a worker of the application's queues, whose handlers publish its messages too."""
    queues = [place.queue_arn(queue.name) for queue in topology.queues]
    dead_letters = [place.queue_arn(queue.dead_letter_name) for queue in topology.queues]
    consuming = [
        _allow(
            "Consume",
            [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            ],
            queues,
        ),
        _allow(
            "SendDeadLetters", ["sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"], dead_letters
        ),
    ]
    publishing = _publishing(topology, place, settings, s3=["s3:GetObject", "s3:PutObject"])
    return _policy([*consuming, *publishing])


def _publishing(
    topology: Topology, place: Place, settings: ProvisioningSettings, s3: Sequence[str]
) -> list[Mapping[str, Any]]:
    statements = [
        _allow("Publish", ["sns:Publish"], [topic.arn for topic in topology.topics]),
        _allow("Delay", ["sqs:SendMessage"], [place.queue_arn(queue.name) for queue in topology.queues]),
    ]
    if settings.bucket:
        objects = f"arn:{place.partition}:s3:::{settings.bucket}/{KEY_PREFIX}*"
        statements.append(_allow("LargeBodies", s3, [objects]))
    if settings.kms_key:
        statements.append({"Sid": "Encrypt", **key_use_statement(settings.kms_key, place)})
    if settings.scheduler:
        group, role = settings.scheduler.group, settings.scheduler.role_arn
        schedules = f"arn:{place.partition}:scheduler:{place.region}:{place.account}:schedule/{group}/*"
        statements.append(_allow("Schedule", ["scheduler:CreateSchedule"], [schedules]))
        passed = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
        statements.append({**_allow("PassRole", ["iam:PassRole"], [role]), "Condition": passed})
    return statements


def _allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Mapping[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": fitting(resources, _MOST)}


def _policy(statements: Sequence[Mapping[str, Any]]) -> Policy:
    return {"Version": "2012-10-17", "Statement": [each for each in statements if each["Resource"]]}
