"""A queue's subscription to a topic: filter policy, raw delivery, dead-letter queue."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..rules.service_errors import invalid_parameter
from .filter_policy import FilterPolicy
from .publication import Publication

_FLAGS = ("true", "false")
_SCOPES = ("MessageAttributes", "MessageBody")
NAMES = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of one queue to one topic.

    Attributes:
        arn: of the subscription.
        endpoint: the queue's ARN.
        texts: the attributes as they were set.
        raw: whether messages are delivered as published, without the notification JSON.
        policy: selects the messages; None for all.
        dead_letters: ARN of the dead-letter queue for messages that cannot be delivered.
    """

    arn: str
    topic_arn: str
    endpoint: str
    owner: str
    texts: Mapping[str, str]
    raw: bool = False
    policy: FilterPolicy | None = None
    dead_letters: str | None = None

    def changed(self, attributes: Mapping[str, str]) -> "Subscription":
        """A copy with these attributes changed; an empty text removes one.

        Raises:
            ServiceError: `InvalidParameter` if one is not legal.
        """
        for name, value in attributes.items():
            _check(name, value)
        texts = {name: value for name, value in {**self.texts, **attributes}.items() if value}
        scope = texts.get("FilterPolicyScope", _SCOPES[0])
        policy = texts.get("FilterPolicy")
        redrive = texts.get("RedrivePolicy")
        return replace(
            self,
            texts=texts,
            raw=texts.get("RawMessageDelivery") == "true",
            policy=FilterPolicy.parse(policy, scope) if policy else None,
            dead_letters=_target(redrive, self.endpoint) if redrive else None,
        )

    def wants(self, publication: Publication) -> bool:
        """Whether the filter policy accepts the message."""
        return self.policy is None or self.policy.matches(publication.attributes or {}, publication.text)

    def differs(self, attributes: Mapping[str, str]) -> bool:
        """Whether one of these values differs from the subscription's."""
        return any(self.texts.get(name, _default(name)) != value for name, value in attributes.items())

    def shown(self) -> dict[str, str]:
        """One entry of a list of subscriptions."""
        return {
            "SubscriptionArn": self.arn,
            "Owner": self.owner,
            "Protocol": "sqs",
            "Endpoint": self.endpoint,
            "TopicArn": self.topic_arn,
        }

    def attributes(self) -> dict[str, str]:
        """The response of GetSubscriptionAttributes."""
        known = {
            **self.shown(),
            "ConfirmationWasAuthenticated": "true",
            "PendingConfirmation": "false",
            "RawMessageDelivery": "false",
            "SubscriptionPrincipal": f"arn:aws:iam::{self.owner}:user/embedded",
        }
        texts = dict(self.texts)
        if self.policy is None:  # SNS does not show the scope of no policy
            texts.pop("FilterPolicyScope", None)
        else:
            known["FilterPolicyScope"] = _SCOPES[0]
        return {**known, **texts}


def _default(name: str) -> str:
    return {"RawMessageDelivery": "false", "FilterPolicyScope": _SCOPES[0]}.get(name, "")


def _check(name: str, value: str) -> None:
    if name not in NAMES:
        raise invalid_parameter("AttributeName", f"{name} is not one of {', '.join(NAMES)}.")
    choices = {"RawMessageDelivery": _FLAGS, "FilterPolicyScope": _SCOPES}.get(name)
    if choices and value not in choices:
        raise invalid_parameter(name, f"Invalid value [{value}]. Must be {' or '.join(choices)}.")


def _target(text: str, endpoint: str) -> str:
    """The dead-letter queue's ARN; it must be FIFO like the subscriber (SNS dead-letter queues guide)."""
    try:
        policy: Any = json.loads(text)
    except ValueError as error:
        raise invalid_parameter("RedrivePolicy", f"failed to parse JSON: {text}.") from error
    target = policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
    if not isinstance(target, str) or not target.startswith("arn:") or ":sqs:" not in target:
        raise invalid_parameter("RedrivePolicy", f"deadLetterTargetArn is not the ARN of a queue: {text}.")
    if target.endswith(".fifo") != endpoint.endswith(".fifo"):
        raise invalid_parameter(
            "RedrivePolicy",
            "The dead-letter queue must be FIFO if the subscriber is FIFO, and standard if not.",
        )
    return target
