"""Checks of topics, queues and keys: whether they stand, their sizes, and who may send."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..provisioning.resources import Key, Resource, StandingResource
from ..provisioning.settings import DEFAULT_SIZE
from ..untrusted.queue_names import FIFO
from ..untrusted.readable_counts import counted
from .checkup import Checkup
from .finding import Finding, Severity
from .policy_checks import check_policy, topics_of
from .queue_checks import DeadLetterFacts, QueueFacts, check_queue

_LARGEST = 0x7FFF_FFFF  # more seconds and bytes than any limit of SQS
_MAX_SIZE = 1_048_576
"""SQS's default and maximum. Source: SQS API reference, CreateQueue, MaximumMessageSize."""

_WHY_MISSING: Mapping[str, str] = {
    "topic": "publishing to it fails",
    "queue": "its messages have nowhere to go",
    "role": "EventBridge Scheduler sends nothing for later",
    "role policy": "EventBridge Scheduler may not send",
    "schedule group": "delays of more than 15 minutes fail",
    "lifecycle rule": "large bodies stay in the bucket forever",
    "alarm": "nobody is told when messages wait or die",
}
_MANAGED_KEYS = ("alias/aws/sns", "alias/aws/sqs")


def check_resources(checkup: Checkup) -> Iterator[Finding]:
    """What is wrong with topics, queues and what they need beside subscriptions."""
    for resource in checkup.wanted:
        if resource.key.kind in _WHY_MISSING and _is_missing(checkup, resource):
            yield _missing(checkup, resource)
    for resource, topic in checkup.standing("topic"):
        yield from _check_topic(checkup, resource, topic)
    for resource, queue in checkup.standing("queue"):
        yield from _check_queue(checkup, resource, queue)
        yield from check_policy(checkup, resource, queue)
        yield from _check_key(checkup, resource, queue)
    for resource, standing in [*checkup.standing("topic"), *checkup.standing("queue")]:
        if resource.tags and standing.owner is None:
            yield Finding(
                Severity.NOTE,
                str(resource.key),
                "has no tag of this application",
                "apply leaves it as it is until it is adopted",
                checkup.commands.apply(resource, standing),
            )


def _is_missing(checkup: Checkup, resource: Resource) -> bool:
    standing = checkup.found.get(resource.key)
    return standing is None or (resource.key.kind == "lifecycle rule" and not standing.properties.get("Rule"))


def _missing(checkup: Checkup, resource: Resource) -> Finding:
    kind = resource.key.kind
    severity = Severity.WARNING if kind in ("alarm", "lifecycle rule") else Severity.ERROR
    return Finding(
        severity, str(resource.key), "does not exist", _WHY_MISSING[kind], checkup.commands.apply()
    )


def _check_topic(checkup: Checkup, resource: Resource, topic: StandingResource) -> Iterator[Finding]:
    size = _number(topic.properties.get("MaximumMessageSize"), DEFAULT_SIZE)
    if size < checkup.max_size:
        yield Finding(
            Severity.ERROR,
            str(resource.key),
            f"accepts {counted(size, 'byte')}, and sns_producer.max_size is {checkup.max_size}",
            "publishing a larger message fails",
            checkup.commands.apply(resource, topic),
        )


def _check_queue(checkup: Checkup, resource: Resource, queue: StandingResource) -> Iterator[Finding]:
    if "RedrivePolicy" not in resource.properties:
        return  # a dead-letter queue is checked with its source
    policy = queue.properties.get("RedrivePolicy") or {}
    arn = str(policy.get("deadLetterTargetArn") or "")
    letters = _dead_letters(checkup, arn)
    wanted = resource.properties["RedrivePolicy"]
    yield from check_queue(
        QueueFacts(
            name=resource.key.name,
            fifo=_is_fifo(queue),
            visibility=_number(queue.properties.get("VisibilityTimeout"), 30),
            retention=_number(queue.properties.get("MessageRetentionPeriod"), 345_600),
            max_size=_number(queue.properties.get("MaximumMessageSize"), _MAX_SIZE),
            receives=policy.get("maxReceiveCount"),
            attempts=checkup.attempts.get(resource.key.name, ()),
            lease=checkup.lease,
            dead_letters=letters,
            has_dead_letters=bool(arn),
            wanted_receives=wanted["maxReceiveCount"],
            mend=checkup.commands.apply(resource, queue),
        )
    )
    if letters is not None:
        yield from _check_allowed(checkup, resource, arn)
    if arn and arn != wanted["deadLetterTargetArn"]:
        yield Finding(
            Severity.NOTE,
            str(resource.key),
            f"has its dead letters in {arn.rpartition(':')[2]}, and not in "
            f"{wanted['deadLetterTargetArn'].rpartition(':')[2]}",
            "that queue was not looked at, and apply sets the other",
            checkup.commands.apply(resource, queue),
        )


def _dead_letters(checkup: Checkup, arn: str) -> DeadLetterFacts | None:
    name = arn.rpartition(":")[2]
    standing = checkup.found.get(Key("queue", name))
    if standing is None:
        # Not one of the app's own: only its name is known, which tells its kind.
        return DeadLetterFacts(name, name.endswith(FIFO), _LARGEST, _LARGEST) if name else None
    return DeadLetterFacts(
        name,
        _is_fifo(standing),
        _number(standing.properties.get("MessageRetentionPeriod"), 345_600),
        _number(standing.properties.get("MaximumMessageSize"), _MAX_SIZE),
    )


def _check_allowed(checkup: Checkup, resource: Resource, dead_letter_arn: str) -> Iterator[Finding]:
    """Whether the dead-letter queue takes the letters of this queue."""
    key = Key("queue", dead_letter_arn.rpartition(":")[2])
    standing = checkup.found.get(key)
    allowed = standing.properties.get("RedriveAllowPolicy") if standing else None
    if standing is None or not allowed or allowed.get("redrivePermission") == "allowAll":
        return
    if resource.identity["QueueArn"] in (allowed.get("sourceQueueArns") or ()):
        return
    yield Finding(
        Severity.ERROR,
        str(key),
        f"does not allow {resource.key.name} to have its dead letters there",
        "SQS keeps messages on the queue that were received too often",
        checkup.commands.apply(checkup.needed(key), standing),
    )


def _check_key(checkup: Checkup, resource: Resource, queue: StandingResource) -> Iterator[Finding]:
    key = queue.properties.get("KmsMasterKeyId")
    if not key or not topics_of(checkup, resource):
        return
    if any(str(key).endswith(managed) for managed in _MANAGED_KEYS):
        yield Finding(
            Severity.ERROR,
            str(resource.key),
            f"is encrypted with {key}, which AWS manages",
            "SNS cannot use that key, and delivers nothing",
            checkup.commands.apply(resource, queue),
        )
        return
    wanted = checkup.needed(Key("encryption key", key))
    standing = checkup.found.get(Key("encryption key", key))
    if wanted is None or standing is None:
        yield Finding(
            Severity.NOTE,
            str(resource.key),
            f"is encrypted with {key}, which is not in the app's configuration",
            "whether SNS may use the key is not known",
        )
    elif "Policy" not in standing.properties:
        yield Finding(
            Severity.NOTE,
            str(wanted.key),
            "has a policy that these credentials may not read",
            "whether SNS may use the key is not known",
        )
    elif not standing.properties["Policy"]:
        yield Finding(
            Severity.ERROR,
            str(wanted.key),
            "does not let SNS use it",
            "SNS cannot deliver to queues that are encrypted with it",
            checkup.commands.apply(wanted, standing),
        )


def _is_fifo(queue: StandingResource) -> bool:
    return queue.properties.get("FifoQueue") == "true"


def _number(value: Any, default: int) -> int:
    return default if value in (None, "") else int(value)
