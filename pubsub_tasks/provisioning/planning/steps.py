"""A plan: steps that each make one AWS call, and what they leave as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..resources import Found, Key, Properties, StandingResource

Action = Literal["create", "tag", "change", "delete"]

SIGNS: Mapping[Action, str] = {"create": "+", "tag": "~", "change": "~", "delete": "-"}
"""As a diff shows them."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an AWS API, with boto3's parameters."""

    service: str
    action: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """A property that is to change."""

    name: str
    found: Any
    wanted: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one resource by one call.

    Attributes:
        why: the reason, in one line.
        differences: what changes; for `create`, all properties that are set.
        after: the resource as it stands after the call; None if it is deleted.
        needs: resources that must exist before it.
    """

    action: Action
    key: Key
    why: str
    call: Call
    differences: tuple[Difference, ...] = ()
    after: StandingResource | None = None
    needs: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A resource that the plan does not touch, and why.

    Attributes:
        reason: in one line, with what to do.
        wanted: whether it would have to change, or be deleted, to be as the application needs it.
        statement: a policy statement for its owner to add, or None.
    """

    key: Key
    reason: str
    wanted: bool = False
    statement: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ProvisioningPlan:
    """The steps in the order in which they are carried out, and what they leave alone."""

    steps: tuple[Step, ...]
    left_alone: tuple[LeftAlone, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether what stands is what the application needs."""
        return not self.steps and not any(left.wanted for left in self.left_alone)


def found_after(found: Found, steps: Sequence[Step]) -> Found:
    """What stands after these steps."""
    standing = dict(found)
    for step in steps:
        if step.after is None:
            standing.pop(step.key, None)
        elif step.action == "change" and step.key in standing:
            standing[step.key] = _merged(standing[step.key], step)
        else:
            standing[step.key] = step.after
    return standing


def _merged(standing: StandingResource, step: Step) -> StandingResource:
    changed: Properties = {each.name: each.wanted for each in step.differences}
    return replace(standing, properties={**standing.properties, **changed})
