"""The queue attributes RedrivePolicy and RedriveAllowPolicy.

Source: SQS API reference, CreateQueue and SetQueueAttributes.
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
    """Moves a message to the queue `target` (ARN) after `most` receives."""

    target: str
    most: int

    @classmethod
    def parse(cls, text: str) -> "RedrivePolicy":
        """Parse the attribute. Raises ServiceError `InvalidParameterValue`."""
        policy = _read("RedrivePolicy", text)
        target = policy.get("deadLetterTargetArn")
        if not isinstance(target, str) or len(target.split(":")) != 6:
            raise invalid_value(
                "RedrivePolicy", text, "deadLetterTargetArn is missing or is not the ARN of a queue."
            )
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
    """The source queues (ARNs) that may use this queue as their dead-letter queue; None means all."""

    sources: frozenset[str] | None

    @classmethod
    def parse(cls, text: str) -> "RedriveAllowPolicy":
        """Parse the attribute. Raises ServiceError `InvalidParameterValue`."""
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
        """Whether the queue with this ARN may use this queue as its dead-letter queue."""
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
    """The error for a dead-letter queue that is missing, of the wrong type, or not allowed."""
    return invalid_value("RedrivePolicy", text, reason)
