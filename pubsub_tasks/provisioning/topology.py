"""Topics, queues and subscriptions of an application, by name. No I/O.

Each media type has a topic of its own, or several share one and subscriptions filter. Each logical queue has
a queue with a dead-letter queue.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import ConfigurationError
from ..untrusted.queue_names import FIFO, MAX_QUEUE_NAME, is_queue_name
from ..wire.media_types import MAX_TOPIC_NAME, matches

MAX_RECEIVES = 1_000
"""The largest maxReceiveCount. Source: SQS developer guide, "Using dead-letter queues"."""

MAX_FILTER_VALUES = 150
"""Source: SNS developer guide, "Filter policy constraints": the combinations of values."""

_NO_COUNT = 100
_TOPIC_NAME = re.compile(r"[A-Za-z0-9_-]+(\.fifo)?")


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A logical queue.

    Attributes:
        media_types: of its tasks; may end in `.*`.
        attempts: the most attempts of each task's policy; None for no limit.
        grouped: whether a task's messages have a group of their own, so that groups can run side by side.
    """

    name: str
    media_types: tuple[str, ...]
    attempts: tuple[int | None, ...] = ()
    fifo: bool = False
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """What an application declares: its queues, and the media types that it publishes or handles."""

    queues: tuple[QueueSpec, ...]
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of what is declared.

    Attributes:
        topic_arn: returns the ARN of a media type's topic.
        shared: ARNs of topics that media types share, also those that are not known here.
        queue_prefix: beginning of queue names.
        queue_names: names by logical queue, where they differ from prefix and logical name.
    """

    topic_arn: Callable[[str], str]
    shared: frozenset[str] = frozenset()
    queue_prefix: str = ""
    queue_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic, and the media types that are published to it."""

    arn: str
    media_types: tuple[str, ...]
    grouped: bool = False

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def fifo(self) -> bool:
        return self.arn.endswith(FIFO)


@dataclass(frozen=True, slots=True)
class SubscriptionPlan:
    """A queue's subscription to a topic. `patterns` are the media types to filter by; None for all."""

    topic_arn: str
    patterns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue with its dead-letter queue and its subscriptions."""

    logical_name: str
    name: str
    dead_letter_name: str
    max_receive_count: int
    subscriptions: tuple[SubscriptionPlan, ...]
    fifo: bool
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class Topology:
    """All topics and queues, in a stable order."""

    topics: tuple[TopicPlan, ...]
    queues: tuple[QueuePlan, ...]

    def topic_arns(self) -> Mapping[str, str]:
        """ARNs of the topics by media type."""
        return {media_type: topic.arn for topic in self.topics for media_type in topic.media_types}


def build_topology(declared: Declared, naming: Naming) -> Topology:
    """The topology of an application. Raises ConfigurationError for names that SQS or SNS would refuse."""
    specs = sorted(declared.queues, key=lambda spec: spec.name)
    bound = {name for spec in specs for name in spec.media_types}
    # A topic of its own exists for a known media type only; a shared one also carries unknown ones.
    known = {name for name in bound if not name.endswith(".*") or _is_shared(name, naming)}
    topics = _topics(sorted({*declared.media_types, *known}), specs, naming)
    queues = tuple(_queue(spec, topics, naming) for spec in specs)
    _refuse_duplicates([name for queue in queues for name in (queue.name, queue.dead_letter_name)])
    return Topology(tuple(topics), queues)


def max_receive_count(attempts: Iterable[int | None], fifo: bool = False) -> int:
    """The maxReceiveCount of a queue: receives after which SQS itself moves a message to the dead letters.

    It is for workers that crash, so it must exceed every retry policy's limit; waits and messages that are
    released at shutdown also use receives. It is larger on FIFO queues, where the messages behind a retried
    one are received with it.
    """
    return max((_receives(count, fifo) for count in attempts), default=_receives(None, fifo))


def _is_shared(pattern: str, naming: Naming) -> bool:
    return bool(naming.shared) and naming.topic_arn(pattern) in naming.shared


def _topics(media_types: Sequence[str], specs: Sequence[QueueSpec], naming: Naming) -> list[TopicPlan]:
    by_arn: dict[str, list[str]] = {}
    for media_type in media_types:
        by_arn.setdefault(_legal_topic(naming.topic_arn(media_type)), []).append(media_type)
    grouped = [pattern for spec in specs if spec.grouped for pattern in spec.media_types]
    return [
        TopicPlan(arn, tuple(names), any(matches(each, name) for each in grouped for name in names))
        for arn, names in sorted(by_arn.items())
    ]


def _queue(spec: QueueSpec, topics: Sequence[TopicPlan], naming: Naming) -> QueuePlan:
    name = naming.queue_names.get(spec.name, naming.queue_prefix + spec.name)
    fifo = spec.fifo or name.endswith(FIFO)
    stem, suffix = name.removesuffix(FIFO), FIFO if fifo else ""
    return QueuePlan(
        spec.name,
        _legal_queue(stem + suffix),
        _legal_queue(f"{stem}-dlq{suffix}"),
        max_receive_count(spec.attempts, fifo),
        tuple(_subscriptions(spec, fifo, topics, naming.shared)),
        fifo,
        spec.grouped,
    )


def _subscriptions(
    spec: QueueSpec, fifo: bool, topics: Sequence[TopicPlan], shared: frozenset[str]
) -> Iterable[SubscriptionPlan]:
    wanted = sorted(set(spec.media_types))
    for topic in topics:
        patterns = [each for each in wanted if any(matches(each, name) for name in topic.media_types)]
        if not patterns:
            continue
        if fifo and not topic.fifo:
            raise ConfigurationError(
                f"queue {spec.name!r} is FIFO, and the topic {topic.name} of {topic.media_types[0]} is not: "
                "SNS delivers to FIFO queues from FIFO topics only, whose names end in .fifo"
            )
        if len(topic.media_types) == 1 and topic.arn not in shared:
            yield SubscriptionPlan(topic.arn)
            continue
        if len(patterns) > MAX_FILTER_VALUES:
            raise ConfigurationError(
                f"queue {spec.name!r} handles {len(patterns)} media types of the topic {topic.name}, and a "
                f"filter policy has at most {MAX_FILTER_VALUES}: use more queues, or a topic for each type"
            )
        yield SubscriptionPlan(topic.arn, tuple(patterns))


def _receives(attempts: int | None, fifo: bool) -> int:
    if attempts is None:
        return MAX_RECEIVES if fifo else _NO_COUNT
    return min(MAX_RECEIVES, 10 * attempts if fifo else attempts + 10)


def _legal_queue(name: str) -> str:
    if not is_queue_name(name):
        raise ConfigurationError(
            f"{name!r} is not a legal queue name: at most {MAX_QUEUE_NAME} letters, digits, hyphens and "
            "underscores, the prefix and the dead-letter queue's -dlq included"
        )
    return name


def _legal_topic(arn: str) -> str:
    name = arn.rpartition(":")[2]
    if not (arn.startswith("arn:") and arn.count(":") == 5 and name):
        raise ConfigurationError(f"{arn!r} in sns_topic_arns is not the ARN of a topic")
    if len(name) > MAX_TOPIC_NAME or not _TOPIC_NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is not a legal topic name: SNS allows {MAX_TOPIC_NAME} letters, digits, hyphens and "
            "underscores, the prefix and .fifo included; shorten the media type, or map it to an ARN in "
            "sns_topic_arns"
        )
    return arn


def _refuse_duplicates(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"two queues would both be named {name!r}, dead-letter queues included: rename one of them, "
                "or give it another name in sqs_queue_urls"
            )
