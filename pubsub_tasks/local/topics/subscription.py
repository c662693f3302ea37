"""Subscription: which queue gets what of a topic, and in what form. Knows no message's fate."""

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
    """One queue's share in a topic.

    Attributes:
        arn: its own name.
        endpoint: the queue's ARN.
        texts: the attributes as they were set.
        raw: True where the message is delivered as it was published.
        policy: which messages are delivered; None for all.
        dead_letters: ARN of the queue for what could not be delivered.
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
        """With these attributes changed; an empty text removes one.

        Raises:
            ServiceError: `InvalidParameter` for what is not legal; nothing is changed then.
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
        """True where the filter policy lets the message through."""
        return self.policy is None or self.policy.matches(publication.attributes or {}, publication.text)

    def differs(self, attributes: Mapping[str, str]) -> bool:
        """True where another value is asked for than is set."""
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
        """What GetSubscriptionAttributes tells."""
        known = {
            **self.shown(),
            "ConfirmationWasAuthenticated": "true",
            "PendingConfirmation": "false",
            "RawMessageDelivery": "false",
            "SubscriptionPrincipal": f"arn:aws:iam::{self.owner}:user/embedded",
        }
        if self.policy is not None:
            known["FilterPolicyScope"] = _SCOPES[0]
        return {**known, **self.texts}


def _default(name: str) -> str:
    return {"RawMessageDelivery": "false", "FilterPolicyScope": _SCOPES[0]}.get(name, "")


def _check(name: str, value: str) -> None:
    if name not in NAMES:
        raise invalid_parameter("AttributeName", f"{name} is none of {', '.join(NAMES)}.")
    choices = {"RawMessageDelivery": _FLAGS, "FilterPolicyScope": _SCOPES}.get(name)
    if choices and value not in choices:
        raise invalid_parameter(name, f"Invalid value [{value}]. Must be {' or '.join(choices)}.")


def _target(text: str, endpoint: str) -> str:
    """The dead-letter queue's ARN; FIFO subscribers have FIFO ones (SNS dead-letter queues guide)."""
    try:
        policy: Any = json.loads(text)
    except ValueError as error:
        raise invalid_parameter("RedrivePolicy", f"failed to parse JSON: {text}.") from error
    target = policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
    if not isinstance(target, str) or not target.startswith("arn:") or ":sqs:" not in target:
        raise invalid_parameter("RedrivePolicy", f"deadLetterTargetArn is no ARN of a queue: {text}.")
    if target.endswith(".fifo") != endpoint.endswith(".fifo"):
        raise invalid_parameter(
            "RedrivePolicy", "The dead-letter queue must be FIFO where the subscriber is, and standard else."
        )
    return target
