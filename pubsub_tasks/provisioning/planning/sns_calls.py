"""The calls of SNS that create, change and delete topics and subscriptions."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from json import dumps
from typing import Any

from ..resources import FILTER_SCOPE, Resource, StandingResource
from .steps import Call, Difference

Changes = Iterator[tuple[tuple[Difference, ...], Call]]
"""Calls, each with the differences that it removes."""

_NO_FILTER = "{}"
"""Removes a filter policy. Source: SNS developer guide, "Removing a subscription filter policy"."""


def attribute(value: Any) -> str:
    """A property as an attribute's text."""
    return value if isinstance(value, str) else "" if value is None else dumps(value, separators=(",", ":"))


def tag_list(resource: Resource) -> list[dict[str, str]]:
    """Tags in the form of most services."""
    return [{"Key": key, "Value": value} for key, value in sorted(resource.tags.items())]


class TopicCalls:
    """Calls for topics."""

    def create(self, wanted: Resource) -> Call:
        attributes = _attributes(wanted)
        params = {"Name": wanted.key.name, "Attributes": attributes, "Tags": tag_list(wanted)}
        return Call("sns", "CreateTopic", params)

    def tag(self, wanted: Resource) -> Call:
        params = {"ResourceArn": wanted.identity["TopicArn"], "Tags": tag_list(wanted)}
        return Call("sns", "TagResource", params)

    def change(self, standing: StandingResource, differences: Iterable[Difference]) -> Changes:
        """SNS changes one attribute at a time."""
        for each in differences:
            yield (
                (each,),
                Call(
                    "sns",
                    "SetTopicAttributes",
                    {
                        **standing.identity,
                        "AttributeName": each.name,
                        "AttributeValue": attribute(each.wanted),
                    },
                ),
            )

    def delete(self, standing: StandingResource) -> Call:
        return Call("sns", "DeleteTopic", dict(standing.identity))


class SubscriptionCalls:
    """Calls for subscriptions, which have no tags: they belong to their queue."""

    def create(self, wanted: Resource) -> Call:
        params = {
            **wanted.identity,
            "Protocol": "sqs",
            "Attributes": _attributes(wanted),
            "ReturnSubscriptionArn": True,
        }
        return Call("sns", "Subscribe", params)

    def change(self, standing: StandingResource, differences: Iterable[Difference]) -> Changes:
        """One attribute at a time, in an order that SNS accepts."""
        for each in _ordered(differences):
            value = attribute(each.wanted)
            if each.name == "FilterPolicy":
                value = value or _NO_FILTER
            params = {
                "SubscriptionArn": standing.identity["SubscriptionArn"],
                "AttributeName": each.name,
                "AttributeValue": value,
            }
            yield (each,), Call("sns", "SetSubscriptionAttributes", params)

    def delete(self, standing: StandingResource) -> Call:
        return Call("sns", "Unsubscribe", {"SubscriptionArn": standing.identity["SubscriptionArn"]})


def _attributes(wanted: Resource) -> dict[str, str]:
    return {name: attribute(value) for name, value in wanted.properties.items() if value is not None}


def _ordered(differences: Iterable[Difference]) -> Iterator[Difference]:
    """The filter policy last, since SNS checks a new one by the scope, and a new scope by the policy.

    Where both change, the old policy is removed first. Meanwhile the queue gets all messages; a policy for
    attributes that was applied to bodies would let none through.
    """
    changes = {each.name: each for each in differences}
    scope, policy = changes.pop(FILTER_SCOPE, None), changes.pop("FilterPolicy", None)
    yield from changes.values()
    if scope is not None:
        if policy is not None and policy.found is not None:
            yield replace(policy, wanted=None)
            policy = replace(policy, found=None)
        yield scope
    if policy is not None:
        yield policy
