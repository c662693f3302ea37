"""The model of provisioning: resources as they are wanted, and as they stand. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Kind = Literal[
    "topic",
    "queue",
    "subscription",
    "encryption key",
    "lifecycle rule",
    "schedule group",
    "role",
    "role policy",
    "alarm",
]

Properties = Mapping[str, Any]
"""Values by AWS's names, as JSON: policies are objects, other attributes are text as AWS returns it.

None means that the property is not set."""

OWNER_TAG = "pubsub-tasks"
"""Key of the tag of what this package made; its value is the owner of the settings."""

SID = "pubsub-tasks"
"""The Sid of this package's statement in a policy, and the ID of its rule in a bucket's lifecycle."""


FILTER_SCOPE = "FilterPolicyScope"
"""The attribute of a subscription that says what its filter policy is applied to."""

BY_ATTRIBUTES = "MessageAttributes"
"""The scope that is wanted, and the default.
Source: SNS developer guide, "Subscription filter policy scope"."""


class Key(NamedTuple):
    """Identifies a resource in one account and region; a subscription is named `TOPIC -> QUEUE`."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Place:
    """An account in a region.

    Attributes:
        queue_urls: beginning of the URLs of its queues, such as `https://sqs.eu-west-1.amazonaws.com/123/`.
    """

    region: str
    account: str
    partition: str = "aws"
    queue_urls: str = ""

    def topic_arn(self, name: str) -> str:
        return f"arn:{self.partition}:sns:{self.region}:{self.account}:{name}"

    def queue_arn(self, name: str) -> str:
        return f"arn:{self.partition}:sqs:{self.region}:{self.account}:{name}"

    def queue_url(self, name: str) -> str:
        return self.queue_urls + name

    def role_arn(self, name: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def alarm_arn(self, name: str) -> str:
        return f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:alarm:{name}"

    def schedule_group_arn(self, name: str) -> str:
        return f"arn:{self.partition}:scheduler:{self.region}:{self.account}:schedule-group/{name}"

    def has_region_of(self, arn: str) -> bool:
        """Whether an ARN is of this region."""
        return arn.split(":")[3:4] == [self.region]

    def has(self, arn: str) -> bool:
        """Whether an ARN of SNS or SQS is of this account and region."""
        return arn.split(":")[3:5] == [self.region, self.account]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that an application needs.

    Attributes:
        properties: what is compared with what stands; other properties are left as they are.
        identity: parameters that name it in calls, and never change.
        tags: the owner's tag, and further ones; empty for a kind without tags.
        needs: resources that must exist first.
        why: what it is for, in a few words.
    """

    key: Key
    properties: Properties
    identity: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[Key, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class StandingResource:
    """A resource as it stands.

    Attributes:
        properties: all that was read, by the names of `Resource.properties`.
        identity: as of `Resource`.
        tags: its tags; empty for a kind without tags.
        document: of a property that is a part of what a call replaces (a policy, a bucket's lifecycle, an
            alarm), the rest of it, which a change keeps.
        in_use: why it must not be deleted, such as "holds 7 messages"; None if it may be.
    """

    key: Key
    properties: Properties
    identity: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    in_use: str | None = None

    @property
    def owner(self) -> str | None:
        """The value of the owner's tag, or None if it has none."""
        return self.tags.get(OWNER_TAG)


Found = Mapping[Key, StandingResource]
"""What stands, by key."""

OWN_BY_NAME = frozenset({"subscription", "lifecycle rule", "role policy"})
"""Kinds without tags: they belong to the owner of what they are a part of."""
