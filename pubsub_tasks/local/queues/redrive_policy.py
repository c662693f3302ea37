"""Redrive policies: which queue takes what was received too often, and which queues may ask it to.

Knows the two JSON texts and their rules; reads no queue. Source: CreateQueue, SetQueueAttributes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..rules.limits import RECEIVE_COUNT, SOURCE_QUEUES
from ..rules.service_errors import ServiceError, invalid_value

_DEFAULT_COUNT = 10


@dataclass(frozen=True, slots=True)
class RedrivePolicy:
    """After `most` receives a message moves to the queue `target` (ARN)."""

    target: str
    most: int

    @classmethod
    def parse(cls, text: str) -> "RedrivePolicy":
        """Read the attribute `RedrivePolicy`; raises ServiceError `InvalidParameterValue`."""
        policy = _read("RedrivePolicy", text)
        target = policy.get("deadLetterTargetArn")
        if not isinstance(target, str) or len(target.split(":")) != 6:
            raise invalid_value("RedrivePolicy", text, "deadLetterTargetArn is missing or no ARN of a queue.")
        return cls(target, cls._count(text, policy.get("maxReceiveCount", _DEFAULT_COUNT)))

    @staticmethod
    def _count(text: str, given: object) -> int:
        digits = str(given)
        if isinstance(given, bool) or not digits.isdecimal() or not 1 <= int(digits) <= RECEIVE_COUNT:
            raise invalid_value(
                "RedrivePolicy",
                text,
                f"Invalid value for maxReceiveCount: {given}, "
                f"valid values are from 1 to {RECEIVE_COUNT} both inclusive.",
            )
        return int(digits)


@dataclass(frozen=True, slots=True)
class RedriveAllowPolicy:
    """Which source queues (ARNs) may name this queue as theirs; None means all."""

    sources: frozenset[str] | None

    @classmethod
    def parse(cls, text: str) -> "RedriveAllowPolicy":
        """Read the attribute `RedriveAllowPolicy`; raises ServiceError `InvalidParameterValue`."""
        policy = _read("RedriveAllowPolicy", text)
        permission = policy.get("redrivePermission")
        arns = policy.get("sourceQueueArns")
        if permission not in ("allowAll", "denyAll", "byQueue"):
            raise invalid_value(
                "RedriveAllowPolicy", text, "redrivePermission must be allowAll, denyAll or byQueue."
            )
        if permission == "byQueue":
            return cls(_sources(text, arns))
        if arns:
            raise invalid_value(
                "RedriveAllowPolicy",
                text,
                "sourceQueueArns is only allowed when redrivePermission is byQueue.",
            )
        return cls(None if permission == "allowAll" else frozenset())

    def allows(self, source_arn: str) -> bool:
        """True where that queue may dead-letter to this one."""
        return self.sources is None or source_arn in self.sources


def _sources(text: str, arns: object) -> frozenset[str]:
    if not isinstance(arns, list) or not 1 <= len(arns) <= SOURCE_QUEUES:
        raise invalid_value(
            "RedriveAllowPolicy", text, f"sourceQueueArns must have 1 to {SOURCE_QUEUES} ARNs for byQueue."
        )
    return frozenset(str(arn) for arn in arns)


def _read(name: str, text: str) -> Mapping[str, Any]:
    try:
        policy = json.loads(text)
    except ValueError as error:
        raise invalid_value(name, text, f"It is not valid JSON: {error}.") from error
    if not isinstance(policy, dict):
        raise invalid_value(name, text, "It must be a JSON object.")
    return policy


def refuse_target(text: str, reason: str) -> ServiceError:
    """The refusal of a dead-letter queue that is missing, of the wrong type, or not to be used."""
    return invalid_value("RedrivePolicy", text, reason)
