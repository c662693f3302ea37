"""Statements of policies: who may send to a queue, and who may use a key."""

from collections.abc import Iterable, Sequence
from os.path import commonprefix
from typing import Any

from ..resources import SID, Place

MAX_EXACT = 4_096
"""Bytes of a statement that names each topic: half of a queue policy, whose maximum is 8,192, so that others'
statements have room. Source: SQS developer guide, "Message quotas"."""

_BYTES_BESIDE_NAME = 64
"""Of a topic's ARN in JSON, so that the form of a statement does not depend on region and account."""

_SNS = {"Service": "sns.amazonaws.com"}


def sending_statement(queue_arn: str, topic_arns: Sequence[str]) -> dict[str, Any]:
    """Allows these topics to send to the queue, in one statement however many they are.

    If their ARNs take too much room, it names what they begin with, and their account.
    """
    return {
        "Sid": SID,
        "Effect": "Allow",
        "Principal": _SNS,
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": _condition(topic_arns),
    }


def key_statement() -> dict[str, Any]:
    """Allows SNS to use a key for messages to encrypted queues.

    Source: SNS developer guide, "Configuring KMS permissions".
    """
    return {
        "Sid": SID,
        "Effect": "Allow",
        "Principal": _SNS,
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }


def key_use_statement(key: str, place: Place) -> dict[str, Any]:
    """Allows who sends to encrypted queues and topics, or receives from them, to use their key, and no other.

    `key` is an id, an ARN or an alias. A policy names a key by its alias in a condition, not as a resource.
    Source: KMS developer guide, "Use aliases to control access to KMS keys".
    """
    keys, is_alias, alias = _key_arn(key, place).partition(":alias/")
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": f"{keys}:key/*" if is_alias else keys,
    }
    if is_alias:
        statement["Condition"] = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{alias}"}}
    return statement


def _key_arn(key: str, place: Place) -> str:
    if key.startswith("arn:"):
        return key
    name = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:{place.partition}:kms:{place.region}:{place.account}:{name}"


def fitting(arns: Iterable[str], most: int = MAX_EXACT) -> list[str]:
    """These ARNs; or, if they take more than `most` bytes, what those of each account begin with, and `*`."""
    given = sorted(arns)
    if sum(len(arn.rpartition(":")[2]) + _BYTES_BESIDE_NAME for arn in given) <= most:
        return given
    places = sorted({arn.rpartition(":")[0] for arn in given})
    return [f"{place}:{_beginning(place, given)}*" for place in places]


def _condition(arns: Sequence[str]) -> dict[str, Any]:
    named = fitting(arns)
    if named == sorted(arns):
        return {"ArnEquals": {"aws:SourceArn": named}}
    accounts = sorted({arn.split(":")[4] for arn in arns})
    return {"ArnLike": {"aws:SourceArn": named}, "StringEquals": {"aws:SourceAccount": accounts}}


def _beginning(place: str, arns: Iterable[str]) -> str:
    names = [arn.rpartition(":")[2] for arn in arns if arn.rpartition(":")[0] == place]
    return commonprefix(names)  # noqa: RUF071 - ArnLike too goes by characters
