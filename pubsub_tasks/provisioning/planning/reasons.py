"""Why a property is as it is wanted, in one line each."""

from collections.abc import Iterable, Mapping

from ..resources import Kind
from .steps import Difference

REASONS: Mapping[Kind, Mapping[str, str]] = {
    "topic": {
        "KmsMasterKeyId": "messages are encrypted with the configured key",
        "FifoThroughputScope": "groups are published side by side",
        "MaximumMessageSize": "the producer's max_size is larger than what the topic accepts",
    },
    "queue": {
        "MaximumMessageSize": "a letter must fit with its reason",
        "KmsMasterKeyId": "messages are encrypted with the configured key",
        "SqsManagedSseEnabled": "messages are encrypted",
        "VisibilityTimeout": "the worker's lease: how soon messages of a dead worker come back",
        "MessageRetentionPeriod": "how long messages wait; dead letters wait for as long as SQS allows",
        "RedrivePolicy": "messages of workers that crash go to the dead letters, after more receives than "
        "any retry policy uses",
        "RedriveAllowPolicy": "no other queue has its dead letters there",
        "Policy": "SNS may deliver from these topics, and from no others",
        "DeduplicationScope": "groups are handled side by side",
        "FifoThroughputLimit": "groups are handled side by side",
    },
    "subscription": {
        "RawMessageDelivery": "messages arrive as they were published, with their attributes",
        "RedrivePolicy": "what SNS cannot deliver goes to the dead letters",
        "FilterPolicy": "the queue gets the media types that its tasks handle",
        "FilterPolicyScope": "the filter policy is for attributes, as bodies have no media_type",
    },
    "encryption key": {"Policy": "SNS needs the key to deliver to encrypted queues"},
    "lifecycle rule": {"Rule": "large bodies expire after every queue that may refer to them"},
    "role": {"AssumeRolePolicyDocument": "EventBridge Scheduler assumes it"},
    "role policy": {
        "PolicyDocument": "EventBridge Scheduler may send to these queues and topics, with their key if they "
        "have one, and do nothing else"
    },
    "alarm": {},
}


_REMOVED: Mapping[str, str] = {"FilterPolicy": "the queue must not miss what it filters out"}


def reason(kind: Kind, differences: Iterable[Difference]) -> str:
    """Why these properties are as they are wanted."""
    known = REASONS.get(kind, {})
    reasons = (
        _REMOVED.get(each.name) if each.wanted is None and each.name in _REMOVED else known.get(each.name)
        for each in differences
    )
    return "; ".join(dict.fromkeys(each or "the alarm is as configured" for each in reasons))
