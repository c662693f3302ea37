"""Plans the topics, queues and subscriptions for an application's queues. No I/O.

There is one topic per media type, so that subscriptions need no filter, and for each logical queue one queue
with a dead-letter queue. Delivery is raw.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json import dumps, loads
from os.path import commonprefix
from typing import Any

from ..errors import ConfigurationError
from ..untrusted.queue_names import FIFO, MAX_QUEUE_NAME, is_queue_name
from ..wire.media_types import topic_name

MAX_RECEIVES = 1_000
"""The largest maxReceiveCount. Source: SQS developer guide, "Using dead-letter queues"."""

MAX_POLICY = 8_192
"""Maximum size of a queue policy in bytes. Source: SQS developer guide, "Message quotas"."""

DEAD_LETTER_RETENTION = 1_209_600
"""Seconds: the maximum, since a standard dead-letter queue counts retention from the first send.
Source: SQS developer guide, "Using dead-letter queues"."""

STATEMENT = "pubsub-tasks"
"""The Sid of this package's statement in a queue policy."""

_NO_COUNT = 100


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A logical queue: the media types that its tasks handle, and their maximum attempts (None: no limit)."""

    name: str
    media_types: tuple[str, ...]
    attempts: tuple[int | None, ...] = ()
    fifo: bool = False


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic to create."""

    media_type: str
    name: str
    fifo: bool


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue to create, with its dead-letter queue and the media types that it subscribes to."""

    logical_name: str
    name: str
    dead_letter_name: str
    max_receive_count: int
    media_types: tuple[str, ...]
    fifo: bool


@dataclass(frozen=True, slots=True)
class Topology:
    """All required topics and queues, in a stable order."""

    topics: tuple[TopicPlan, ...]
    queues: tuple[QueuePlan, ...]


def plan(specs: Iterable[QueueSpec], prefix: str = "") -> Topology:
    """The topology for `specs`; names start with `prefix`. Raises ConfigurationError for illegal names."""
    queues = tuple(_queue(spec, prefix) for spec in sorted(specs, key=lambda spec: spec.name))
    _refuse_duplicates([queue.name for queue in queues])
    # A FIFO queue requires a FIFO topic; a FIFO topic can also deliver to standard queues.
    fifo = {media_type for queue in queues if queue.fifo for media_type in queue.media_types}
    media_types = sorted({media_type for queue in queues for media_type in queue.media_types})
    return Topology(
        tuple(_topic(media_type, prefix, media_type in fifo) for media_type in media_types), queues
    )


def max_receive_count(attempts: Iterable[int | None], fifo: bool = False) -> int:
    """The maxReceiveCount of a queue: receives after which SQS itself moves a message to the dead letters.

    It is for workers that crash, so it must exceed every retry policy's limit; waits and messages that are
    released at shutdown also use receives. It is larger on FIFO queues, where the messages behind a retried
    one are received with it.
    """
    return max((_receives(count, fifo) for count in attempts), default=_receives(None, fifo))


def redrive_policy(dead_letter_arn: str, receives: int) -> str:
    """The attribute RedrivePolicy of a queue."""
    return dumps({"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": receives})


def queue_policy(queue_arn: str, topic_arns: Sequence[str], found: str | None = None) -> str:
    """The queue policy (JSON): the other statements of the policy `found`, and one that allows these topics.

    If the topics' ARNs exceed the size of a policy, the statement has their common prefix and the account.
    """
    policy = loads(found) if found else {"Version": "2012-10-17", "Statement": []}
    exact = _allow(policy, queue_arn, {"ArnEquals": {"aws:SourceArn": sorted(topic_arns)}})
    if len(exact.encode()) <= MAX_POLICY:
        return exact
    beginning = commonprefix(list(topic_arns))  # noqa: RUF071 - ArnLike too goes by characters
    condition = {
        "ArnLike": {"aws:SourceArn": f"{beginning}*"},
        "StringEquals": {"aws:SourceAccount": topic_arns[0].split(":")[4]},
    }
    return _allow(policy, queue_arn, condition)


def _allow(policy: dict[str, Any], queue_arn: str, condition: dict[str, Any]) -> str:
    stated = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    others = [statement for statement in stated if statement.get("Sid") != STATEMENT]
    ours = {
        "Sid": STATEMENT,
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": condition,
    }
    return dumps({**policy, "Statement": [*others, ours]}, separators=(",", ":"))


def _queue(spec: QueueSpec, prefix: str) -> QueuePlan:
    stem = prefix + spec.name.removesuffix(FIFO)
    fifo = spec.fifo or spec.name.endswith(FIFO)
    suffix = FIFO if fifo else ""
    return QueuePlan(
        spec.name,
        _legal(stem + suffix),
        _legal(f"{stem}-dlq{suffix}"),
        max_receive_count(spec.attempts, fifo),
        tuple(sorted(set(spec.media_types))),
        fifo,
    )


def _topic(media_type: str, prefix: str, fifo: bool) -> TopicPlan:
    return TopicPlan(media_type, prefix + topic_name(media_type) + (FIFO if fifo else ""), fifo)


def _receives(attempts: int | None, fifo: bool) -> int:
    if attempts is None:
        return MAX_RECEIVES if fifo else _NO_COUNT
    return min(MAX_RECEIVES, 10 * attempts if fifo else attempts + 10)


def _legal(name: str) -> str:
    if not is_queue_name(name):
        raise ConfigurationError(
            f"{name!r} is not a legal queue name: at most {MAX_QUEUE_NAME} letters, digits, hyphens and "
            "underscores, the prefix and the dead-letter queue's -dlq included"
        )
    return name


def _refuse_duplicates(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"two queues would both be named {name!r}: give each queue one QueueSpec"
            )
