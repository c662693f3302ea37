"""The settings of provisioning, as configured in the object graph. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import ConfigurationError
from ..wire.records import MAX_RETENTION

RETENTION = 345_600
"""Seconds: SQS's default of four days. Source: SQS API reference, CreateQueue, MessageRetentionPeriod."""

DEFAULT_SIZE = 262_144
"""Bytes that a topic accepts by default. Source: SNS API reference, CreateTopic, MaximumMessageSize."""

LEASE = 30
"""Seconds: the worker's default for `--visibility-timeout`."""


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """EventBridge Scheduler as the producer uses it: the role that it assumes, its group and dead letters."""

    role_arn: str
    group: str = "default"
    dead_letter_arn: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """CloudWatch alarms of each queue: seconds of age of its oldest message, and ARNs to notify."""

    age: int = 900
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvisioningSettings:
    """What the topology does not say.

    Attributes:
        owner: value of the tag on what is made. Only resources with it are changed.
        tags: further tags.
        retention: seconds that a queue keeps a message; a dead-letter queue keeps it for 14 days.
        visibility: seconds; the worker's lease.
        max_size: bytes of the largest message that the producer sends.
        kms_key: id, ARN or alias of the key that encrypts topics and queues; None for keys that SQS manages.
        bucket: of large message bodies, or None.
        scheduler: where delays of more than 15 minutes or schedules are used.
        alarms: where alarms are wanted.
    """

    owner: str
    tags: Mapping[str, str] = field(default_factory=dict)
    retention: int = RETENTION
    visibility: int = LEASE
    max_size: int = DEFAULT_SIZE
    kms_key: str | None = None
    bucket: str | None = None
    scheduler: SchedulerSettings | None = None
    alarms: AlarmSettings | None = None

    def __post_init__(self) -> None:
        if not 60 <= self.retention <= MAX_RETENTION:
            raise ConfigurationError(
                f"retention={self.retention}: SQS keeps a message for 60 to {MAX_RETENTION} seconds"
            )
        if not 0 <= self.visibility <= 43_200:
            raise ConfigurationError(f"visibility_timeout={self.visibility}: SQS allows 0 to 43200 seconds")
        if self.kms_key in _MANAGED_KEYS:
            raise ConfigurationError(
                f"kms_key={self.kms_key}: SNS cannot use the keys that AWS manages, since their policies "
                "cannot be changed; name a key of your own, or none for encryption that SQS manages"
            )


_MANAGED_KEYS = ("alias/aws/sqs", "alias/aws/sns")
