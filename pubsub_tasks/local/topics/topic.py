"""A topic: its attributes, its subscriptions, and recent deduplication ids."""

import json
from collections.abc import Mapping

from ..rules.limits import MINIMUM_SIZE, SNS_SIZE, SQS_SIZE
from ..rules.recent_keys import RecentKeys
from ..rules.service_errors import invalid_parameter
from .subscription import Subscription

_FEEDBACK = frozenset(
    f"{protocol}{kind}"
    for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
    for kind in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
)
_TEXTS = frozenset({"DataProtectionPolicy", "DisplayName", "KmsMasterKeyId", *_FEEDBACK})
_JSON = frozenset({"ArchivePolicy", "DeliveryPolicy", "Policy"})
_CHOICES = {
    "ContentBasedDeduplication": ("true", "false"),
    "FifoThroughputScope": ("Topic", "MessageGroup"),
    "FifoTopic": ("true", "false"),
    "SignatureVersion": ("1", "2"),
    "TracingConfig": ("PassThrough", "Active"),
}
_FIFO_ONLY = ("ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope")
_LARGE_SUBSCRIPTIONS = 100  # a topic with more subscriptions is limited to 256 KiB


class Topic:
    """A standard or FIFO topic.

    Attributes:
        texts: the attributes as they were set.
        recent: message id and sequence number by (group or None, deduplication id), for five minutes.
    """

    def __init__(self, arn: str, owner: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self.arn = arn
        self.owner = owner
        self.fifo = attributes.get("FifoTopic") == "true"
        self.texts: dict[str, str] = {}
        self.tags = dict(tags)
        self.subscriptions: dict[str, Subscription] = {}
        self.unsubscribed = 0
        self.recent: RecentKeys[tuple[str | None, str], tuple[str, str]] = RecentKeys()
        self.change(attributes)

    @property
    def size(self) -> int:
        """The maximum size in bytes of a message and of a batch; 256 KiB by default."""
        return int(self.texts.get("MaximumMessageSize", SNS_SIZE))

    @property
    def content_based(self) -> bool:
        """Whether a message without a deduplication id gets one from its content."""
        return self.texts.get("ContentBasedDeduplication") == "true"

    def scope(self, group: str | None) -> str | None:
        """The scope of a deduplication id: the group, or None for the topic (FifoThroughputScope)."""
        return group if self.texts.get("FifoThroughputScope") == "MessageGroup" else None

    def change(self, attributes: Mapping[str, str]) -> None:
        """Set attributes. Raises ServiceError `InvalidParameter` if one is not legal; then none is set."""
        for name, value in attributes.items():
            _check(name, value, self.fifo)
        self.check_large(attributes.get("MaximumMessageSize"), len(self.subscriptions))
        self.texts.update(attributes)

    def check_large(self, size: str | None, subscriptions: int) -> None:
        """Raise ServiceError `InvalidParameter` if there are too many subscriptions for the size."""
        if size and int(size) > SNS_SIZE and subscriptions > _LARGE_SUBSCRIPTIONS:
            raise invalid_parameter(
                "MaximumMessageSize",
                f"more than {SNS_SIZE} bytes require at most {_LARGE_SUBSCRIPTIONS} subscriptions.",
            )

    def differs(self, attributes: Mapping[str, str]) -> bool:
        """Whether one of these values differs from the topic's."""
        return any(
            self.texts.get(name, _DEFAULTS.get(name, "")) != value for name, value in attributes.items()
        )

    def attributes(self) -> dict[str, str]:
        """The response of GetTopicAttributes."""
        known = {
            "TopicArn": self.arn,
            "Owner": self.owner,
            "DisplayName": "",
            "Policy": _policy(self.arn, self.owner),
            "EffectiveDeliveryPolicy": _DELIVERY_POLICY,
            "SubscriptionsConfirmed": str(len(self.subscriptions)),
            "SubscriptionsDeleted": str(self.unsubscribed),
            "SubscriptionsPending": "0",
        }
        if self.fifo:
            known |= {name: _DEFAULTS[name] for name in ("ContentBasedDeduplication", "FifoThroughputScope")}
        return {**known, **self.texts}


_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "FifoThroughputScope": "Topic",
    "FifoTopic": "false",
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
}
_DELIVERY_POLICY = json.dumps(
    {
        "http": {
            "defaultHealthyRetryPolicy": {
                "minDelayTarget": 20,
                "maxDelayTarget": 20,
                "numRetries": 3,
                "numMaxDelayRetries": 0,
                "numNoDelayRetries": 0,
                "numMinDelayRetries": 0,
                "backoffFunction": "linear",
            },
            "disableSubscriptionOverrides": False,
        }
    }
)


def _check(name: str, value: str, fifo: bool) -> None:
    if name == "MaximumMessageSize":
        legal = value.isdecimal() and MINIMUM_SIZE <= int(value) <= SQS_SIZE
    elif name in _CHOICES:
        legal = value in _CHOICES[name]
    elif name in _JSON:
        legal = not value or _is_json(value)
    elif name in _TEXTS:
        legal = True
    else:
        raise invalid_parameter("AttributeName", f"{name} is not an attribute of a topic.")
    if not legal or (name in _FIFO_ONLY and not fifo):
        raise invalid_parameter(name, f"{value!r} is not legal for this topic.")


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _policy(arn: str, owner: str) -> str:
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})
