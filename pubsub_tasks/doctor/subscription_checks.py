"""Checks of subscriptions: whether they stand, and what they let through."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..local.rules.service_errors import ServiceError
from ..local.topics.filter_policy import FilterPolicy
from ..provisioning.resources import Resource, StandingResource
from ..provisioning.wanted.messaging import FILTERED_ATTRIBUTE
from ..wire.media_types import matches
from .checkup import Checkup
from .finding import Finding, Severity

_ANY_LAST_SEGMENT = "anything"
"""Stands for the last segment of a media type that a wildcard covers."""


def check_subscriptions(checkup: Checkup) -> Iterator[Finding]:
    """What is wrong with the subscriptions of the app's queues."""
    for resource in checkup.wanted:
        if resource.key.kind != "subscription":
            continue
        standing = checkup.found.get(resource.key)
        if standing is None:
            yield _missing(checkup, resource)
        else:
            yield from _check(checkup, resource, standing)


def _missing(checkup: Checkup, resource: Resource) -> Finding:
    if resource.key in checkup.pending:
        return Finding(
            Severity.ERROR,
            str(resource.key),
            "is pending",
            "it was made by another account and nobody confirmed it, so that SNS delivers nothing",
            f"aws sns list-subscriptions-by-topic --topic-arn {resource.identity['TopicArn']}",
        )
    return Finding(
        Severity.ERROR,
        str(resource.key),
        "does not exist",
        "the queue gets nothing of what is published there",
        checkup.commands.apply(),
    )


def _check(checkup: Checkup, resource: Resource, standing: StandingResource) -> Iterator[Finding]:
    subject, mend = str(resource.key), checkup.commands.apply(resource, standing)
    if standing.properties.get("PendingConfirmation") == "true":
        yield _missing(checkup, resource)
    if standing.properties.get("RawMessageDelivery") != "true":
        yield Finding(
            Severity.WARNING,
            subject,
            "is not raw",
            "messages are wrapped in notifications: larger, and others' tools see no attributes",
            mend,
        )
    if not standing.properties.get("RedrivePolicy"):
        yield Finding(
            Severity.WARNING,
            subject,
            "has no dead-letter queue",
            "what SNS cannot deliver within its retries is lost",
            mend,
        )
    yield from _check_filter(checkup, resource, standing, mend)


def _check_filter(
    checkup: Checkup, resource: Resource, standing: StandingResource, mend: str
) -> Iterator[Finding]:
    known = checkup.media_types.get(resource.identity["TopicArn"], ())
    wanted = _patterns(resource.properties.get("FilterPolicy"))
    bound = known if wanted is None else wanted
    admits = _admits(standing.properties)
    missed = [pattern for pattern in bound if not admits(_sample(pattern))]
    if missed:
        yield Finding(
            Severity.ERROR,
            str(resource.key),
            f"has a filter policy that misses {_listed(missed)}",
            "SNS drops these messages instead of delivering them",
            mend,
        )
    unbound = [name for name in known if not any(matches(each, name) for each in bound) and admits(name)]
    if unbound:
        yield Finding(
            Severity.WARNING,
            str(resource.key),
            f"lets {_listed(unbound)} through, which no task of the queue handles",
            "the worker sends them to the dead letters as unknown",
            mend,
        )


def _admits(properties: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a subscription lets a media type through, by the rules of the embedded broker."""
    given, scope = properties.get("FilterPolicy"), properties.get("FilterPolicyScope", "MessageAttributes")
    try:
        policy = FilterPolicy.parse(json.dumps(given), str(scope)) if given else None
    except ServiceError:  # SNS accepted it, so there is nothing to say of it
        policy = None

    def admits(media_type: str) -> bool:
        attribute = {"DataType": "String", "StringValue": media_type}
        body = json.dumps({"mediaType": media_type})
        return policy is None or policy.matches({FILTERED_ATTRIBUTE: attribute}, body)

    return admits


def _patterns(policy: Mapping[str, Any] | None) -> Sequence[str] | None:
    """The media types of a wanted filter policy, or None if it has none."""
    if policy is None:
        return None
    rules = policy[FILTERED_ATTRIBUTE]
    return [f"{rule['prefix']}*" if isinstance(rule, Mapping) else str(rule) for rule in rules]


def _sample(pattern: str) -> str:
    return pattern.removesuffix("*") + _ANY_LAST_SEGMENT if pattern.endswith(".*") else pattern


def _listed(media_types: Sequence[str]) -> str:
    first = ", ".join(media_types[:3])
    return f"{first} and {len(media_types) - 3} more" if len(media_types) > 3 else first
