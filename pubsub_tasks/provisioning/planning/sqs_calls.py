"""The calls of SQS that create, change and delete queues."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..resources import SID, Resource, StandingResource
from .sns_calls import Changes, attribute
from .steps import Call, Difference

_VERSION = "2012-10-17"


def policy_with(document: Mapping[str, Any], statement: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A policy with its own statement replaced, by its Sid; None if no statement is left."""
    others = [each for each in statements(document) if each.get("Sid") != SID]
    all_of_it = [*others, *([statement] if statement else [])]
    return {"Version": _VERSION, **document, "Statement": all_of_it} if all_of_it else None


def statements(document: Mapping[str, Any]) -> list[Any]:
    """The statements of a policy; AWS accepts a single one without a list."""
    stated = document.get("Statement") or []
    return stated if isinstance(stated, list) else [stated]


class QueueCalls:
    """Calls for queues, which take all attributes at once."""

    def create(self, wanted: Resource) -> Call:
        attributes = {
            name: _attribute(name, value, {})
            for name, value in wanted.properties.items()
            if value is not None
        }
        params = {"QueueName": wanted.key.name, "Attributes": attributes, "tags": dict(wanted.tags)}
        return Call("sqs", "CreateQueue", params)

    def tag(self, wanted: Resource) -> Call:
        params = {"QueueUrl": wanted.identity["QueueUrl"], "Tags": dict(wanted.tags)}
        return Call("sqs", "TagQueue", params)

    def change(self, standing: StandingResource, differences: Iterable[Difference]) -> Changes:
        given = tuple(differences)
        attributes = {each.name: _attribute(each.name, each.wanted, standing.document) for each in given}
        params = {"QueueUrl": standing.identity["QueueUrl"], "Attributes": attributes}
        yield given, Call("sqs", "SetQueueAttributes", params)

    def delete(self, standing: StandingResource) -> Call:
        return Call("sqs", "DeleteQueue", {"QueueUrl": standing.identity["QueueUrl"]})


def _attribute(name: str, value: Any, document: Mapping[str, Any]) -> str:
    return attribute(policy_with(document, value) if name == "Policy" else value)
