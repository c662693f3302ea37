"""Compares what is wanted with what stands, and makes the plan."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..resources import OWN_BY_NAME, OWNER_TAG, Found, Key, Kind, Resource, StandingResource
from .other_calls import (
    AlarmCalls,
    KeyCalls,
    LifecycleCalls,
    RoleCalls,
    RolePolicyCalls,
    ScheduleGroupCalls,
)
from .reasons import reason
from .sns_calls import SubscriptionCalls, TopicCalls
from .sqs_calls import QueueCalls
from .steps import Difference, LeftAlone, ProvisioningPlan, Step

CALLS: Mapping[Kind, Any] = {
    "topic": TopicCalls(),
    "queue": QueueCalls(),
    "subscription": SubscriptionCalls(),
    "encryption key": KeyCalls(),
    "lifecycle rule": LifecycleCalls(),
    "schedule group": ScheduleGroupCalls(),
    "role": RoleCalls(),
    "role policy": RolePolicyCalls(),
    "alarm": AlarmCalls(),
}

_DELETED_FIRST: Sequence[Kind] = ("alarm", "subscription", "topic", "queue")
"""The kinds that `prune` deletes, in this order. Roles, groups, keys and rules are never deleted."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a plan may do.

    Attributes:
        adopt: names of resources without an owner's tag that become the owner's.
        prune: whether what the application no longer needs is deleted.
    """

    adopt: frozenset[str] = frozenset()
    prune: bool = False


def make_plan(
    wanted: Iterable[Resource], found: Found, owner: str, options: PlanOptions = PlanOptions()
) -> ProvisioningPlan:
    """The steps that make `found` what is `wanted`."""
    needed = {resource.key: resource for resource in wanted}
    planner = _Planner(needed, found, owner, options)
    entries = [entry for resource in needed.values() for entry in planner.entries(resource)]
    entries += planner.surplus()
    steps = tuple(entry for entry in entries if isinstance(entry, Step))
    return ProvisioningPlan(steps, tuple(entry for entry in entries if isinstance(entry, LeftAlone)))


@dataclass(frozen=True, slots=True)
class _Planner:
    needed: Mapping[Key, Resource]
    found: Found
    owner: str
    options: PlanOptions

    def entries(self, resource: Resource) -> Iterator[Step | LeftAlone]:
        """What is to be done for one wanted resource."""
        standing = self.found.get(resource.key)
        if (holder := self._foreign_holder(resource)) is not None:
            yield LeftAlone(resource.key, f"it belongs to {holder}, which is left as it is", standing is None)
        elif standing is None:
            yield self._create(resource)
        elif resource.key.kind == "encryption key" and "Policy" not in standing.properties:
            # A change would replace the whole of a policy that is not known.
            reason = "its policy may not be read: see to it that SNS may use the key"
            yield LeftAlone(resource.key, reason, statement=resource.properties["Policy"])
        elif self._is_ours(standing):
            if not resource.tags.items() <= standing.tags.items():
                yield self._tag(resource, standing, "tags are as configured")
            yield from self._changes(resource, standing)
        elif standing.owner is None and resource.key.name in self.options.adopt:
            yield self._tag(resource, standing, "it is managed from now on")
            yield from self._changes(resource, standing)
        else:
            yield _foreign(resource, standing)

    def surplus(self) -> Iterator[Step | LeftAlone]:
        """What is to be done with the owner's resources that are no longer wanted."""
        for kind in _DELETED_FIRST:
            for key, standing in sorted(self.found.items()):
                if key.kind != kind or key in self.needed or not self._is_surplus(standing):
                    continue
                if in_use := standing.in_use or self._source(standing):
                    yield LeftAlone(key, f"no task needs it, and it {in_use}")
                elif self.options.prune:
                    yield Step("delete", key, "no task needs it", CALLS[kind].delete(standing))
                else:
                    yield LeftAlone(key, "no task needs it: apply --prune deletes it")

    def _is_ours(self, standing: StandingResource) -> bool:
        return standing.key.kind in OWN_BY_NAME or standing.owner == self.owner

    def _is_surplus(self, standing: StandingResource) -> bool:
        if standing.key.kind != "subscription":
            return standing.owner == self.owner
        key = Key("queue", standing.key.name.rpartition(" -> ")[2])
        queue = self.found.get(key)
        return key in self.needed if queue is None else self._will_be_ours(queue)

    def _source(self, dead_letters: StandingResource) -> str | None:
        """That a queue which stays has its dead letters there."""
        arn = dead_letters.identity.get("QueueArn")
        for key, standing in self.found.items():
            target = (standing.properties.get("RedrivePolicy") or {}).get("deadLetterTargetArn")
            if arn is None or key.kind != "queue" or target != arn:
                continue
            if key in self.needed or standing.in_use or not self._is_ours(standing):
                return f"has the dead letters of {key.name}"
        return None

    def _will_be_ours(self, standing: StandingResource) -> bool:
        adopted = standing.owner is None and standing.key.name in self.options.adopt
        return self._is_ours(standing) or adopted

    def _foreign_holder(self, resource: Resource) -> Key | None:
        """What a resource without tags is a part of, if that is not the owner's."""
        if resource.key.kind not in OWN_BY_NAME or not resource.needs:
            return None
        holder = self.found.get(resource.needs[0])
        return holder.key if holder is not None and not self._will_be_ours(holder) else None

    def _create(self, resource: Resource) -> Step:
        differences = tuple(
            Difference(name, None, value) for name, value in resource.properties.items() if value is not None
        )
        return Step(
            "create",
            resource.key,
            resource.why,
            CALLS[resource.key.kind].create(resource),
            differences,
            StandingResource(resource.key, resource.properties, resource.identity, resource.tags),
            resource.needs,
        )

    def _tag(self, resource: Resource, standing: StandingResource, why: str) -> Step:
        differences = tuple(
            Difference(f"tag {name}", standing.tags.get(name), value)
            for name, value in resource.tags.items()
            if standing.tags.get(name) != value
        )
        after = replace(standing, tags={**standing.tags, **resource.tags})
        # What was read names a key by its ARN, which KMS needs here, where the settings may have an alias.
        found = replace(resource, identity={**resource.identity, **standing.identity})
        return Step("tag", resource.key, why, CALLS[resource.key.kind].tag(found), differences, after)

    def _changes(self, resource: Resource, standing: StandingResource) -> Iterator[Step]:
        differences = differences_of(resource, standing)
        if not differences:
            return
        for some, call in CALLS[resource.key.kind].change(standing, differences):
            why = reason(resource.key.kind, some)
            yield Step("change", resource.key, why, call, some, standing, resource.needs)


def differences_of(resource: Resource, standing: StandingResource) -> tuple[Difference, ...]:
    """The properties that stand otherwise than they are wanted."""
    return tuple(
        Difference(name, standing.properties.get(name), value)
        for name, value in resource.properties.items()
        if _comparable(standing.properties.get(name)) != _comparable(value)
    )


def _comparable(value: Any) -> Any:
    """A JSON value as AWS may return it otherwise: one element without its list, and in another order."""
    if isinstance(value, Mapping):
        return {name: _comparable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        inner = sorted(map(_comparable, value), key=repr)
        return inner[0] if len(inner) == 1 else inner
    return value


def _foreign(resource: Resource, standing: StandingResource) -> LeftAlone:
    differing = tuple(each.name for each in differences_of(resource, standing))
    otherwise = f", and differs in {', '.join(differing)}" if differing else ""
    statement = resource.properties.get("Policy") if resource.key.kind == "encryption key" else None
    if standing.owner is not None:
        return LeftAlone(resource.key, f"it belongs to {standing.owner!r}{otherwise}")
    return LeftAlone(
        resource.key,
        f"it has no tag {OWNER_TAG}{otherwise}: apply --adopt {resource.key.name} manages it",
        bool(differing),
        statement if differing else None,
    )
