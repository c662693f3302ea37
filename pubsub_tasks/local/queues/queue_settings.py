"""The attributes that can be set on a queue, and their ranges.

Source of names, ranges and defaults: CreateQueue in the SQS model.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..rules.limits import DELAY, MINIMUM_SIZE, SQS_SIZE, VISIBILITY, WAIT
from ..rules.service_errors import ServiceError
from .redrive_policy import RedriveAllowPolicy, RedrivePolicy

_RANGES = {
    "DelaySeconds": (0, DELAY),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (MINIMUM_SIZE, SQS_SIZE),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, WAIT),
    "VisibilityTimeout": (0, VISIBILITY),
}
_CHOICES = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoQueue": ("true",),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
_TEXTS = ("KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy")
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit")
_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(SQS_SIZE),
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
_FIFO_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoQueue": "true",
    "FifoThroughputLimit": "perQueue",
}

NAMES = frozenset((*_RANGES, *_CHOICES, *_TEXTS))


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The attributes of a queue: as text in `texts`, parsed in the other fields. Seconds and bytes."""

    fifo: bool
    texts: Mapping[str, str]
    delay: int = 0
    retention: int = 0
    size: int = 0
    visibility: int = 0
    wait: int = 0
    content_based: bool = False
    per_group: bool = False
    redrive: RedrivePolicy | None = None
    allow: RedriveAllowPolicy | None = None

    @classmethod
    def create(cls, fifo: bool, attributes: Mapping[str, str]) -> "QueueSettings":
        """The defaults, overridden by these attributes. Raises ServiceError if one is not legal."""
        defaults = {**_DEFAULTS, **(_FIFO_DEFAULTS if fifo else {})}
        return cls(fifo, {}).changed({**defaults, **attributes})

    def changed(self, attributes: Mapping[str, str]) -> "QueueSettings":
        """A copy with these attributes changed; an empty text removes a policy.

        Raises:
            ServiceError: `InvalidAttributeName`, `InvalidAttributeValue`, `InvalidParameterValue`.
        """
        for name, value in attributes.items():
            _check(name, value, self.fifo)
        texts = {**self.texts, **attributes}
        for name in _TEXTS:
            if texts.get(name) == "":
                del texts[name]
        _check_throughput(texts)
        return replace(self, texts=texts, **_read(texts))

    def conflict(self, attributes: Mapping[str, str]) -> str | None:
        """The first of these attributes whose value differs from the queue's, or None."""
        for name, value in attributes.items():
            if not _same(self.texts.get(name, ""), value):
                return name
        return None


def _read(texts: Mapping[str, str]) -> dict[str, Any]:
    redrive, allow = texts.get("RedrivePolicy"), texts.get("RedriveAllowPolicy")
    return {
        "delay": int(texts["DelaySeconds"]),
        "retention": int(texts["MessageRetentionPeriod"]),
        "size": int(texts["MaximumMessageSize"]),
        "visibility": int(texts["VisibilityTimeout"]),
        "wait": int(texts["ReceiveMessageWaitTimeSeconds"]),
        "content_based": texts.get("ContentBasedDeduplication") == "true",
        "per_group": texts.get("DeduplicationScope") == "messageGroup",
        "redrive": RedrivePolicy.parse(redrive) if redrive else None,
        "allow": RedriveAllowPolicy.parse(allow) if allow else None,
    }


def _check(name: str, value: str, fifo: bool) -> None:
    if name not in NAMES or (name in _FIFO_ONLY and not fifo):
        raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
    if name in _RANGES:
        low, high = _RANGES[name]
        legal = value.isdecimal() and value.isascii() and low <= int(value) <= high
        expected = f"a whole number from {low} to {high}"
    elif name in _CHOICES:
        legal, expected = value in _CHOICES[name], " or ".join(_CHOICES[name])
    else:
        legal, expected = name != "Policy" or not value or _is_json(value), "a policy in JSON"
    if not legal:
        raise ServiceError(
            "InvalidAttributeValue", f"Invalid value for the parameter {name}: '{value}' is not {expected}."
        )


def _check_throughput(texts: Mapping[str, str]) -> None:
    if texts.get("FifoThroughputLimit") == "perMessageGroupId" and texts["DeduplicationScope"] == "queue":
        raise ServiceError(
            "InvalidAttributeValue",
            "FifoThroughputLimit can be perMessageGroupId only where DeduplicationScope is messageGroup.",
        )


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    return _is_json(one) and _is_json(other) and bool(json.loads(one) == json.loads(other))
