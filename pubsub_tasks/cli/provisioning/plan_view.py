"""A plan as a coloured diff and as JSON."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from ...provisioning.planning.steps import SIGNS, Action, LeftAlone, ProvisioningPlan, Step

_COLOURS: Mapping[Action, str] = {"create": "green", "tag": "yellow", "change": "yellow", "delete": "red"}
_LONGEST = 100


def print_plan(plan: ProvisioningPlan, console: Console) -> None:
    """Print each step with its reason and what it changes, and what is left alone."""
    for step in plan.steps:
        console.print(step_line(step), soft_wrap=True)
        for each in step.differences:
            before = "" if step.action == "create" else f"{_short(each.found)} -> "
            console.print(
                Text(f"    {each.name}: {before}{_short(each.wanted)}", style="dim"), soft_wrap=True
            )
    for left in plan.left_alone:
        console.print(Text(f"! {left.key}: {left.reason}", style="magenta"), soft_wrap=True)
        if left.statement:
            console.print(Text(f"    add to its policy: {json.dumps(left.statement)}"), soft_wrap=True)
    console.print(summary(plan))


def step_line(step: Step) -> Text:
    """One line of a step: sign, resource and reason."""
    return Text(f"{SIGNS[step.action]} {step.key}", style=_COLOURS[step.action]).append(
        f"  {step.why}", style="default"
    )


def summary(plan: ProvisioningPlan) -> str:
    """How many steps there are of each kind."""
    counts = Counter(step.action for step in plan.steps)
    if not counts:
        return "nothing to do" if plan.is_complete else "nothing to do but for what is left alone"
    return ", ".join(f"{counts[action]} to {action}" for action in SIGNS if counts[action])


def plan_as_json(plan: ProvisioningPlan) -> str:
    """The plan for other programs."""
    return json.dumps(
        {
            "complete": plan.is_complete,
            "steps": [_step(step) for step in plan.steps],
            "left_alone": [_left(left) for left in plan.left_alone],
        },
        indent=2,
    )


def _step(step: Step) -> Mapping[str, Any]:
    call = {"service": step.call.service, "action": step.call.action, "params": step.call.params}
    differences = [
        {"name": each.name, "found": each.found, "wanted": each.wanted} for each in step.differences
    ]
    return {
        "action": step.action,
        "kind": step.key.kind,
        "name": step.key.name,
        "why": step.why,
        "differences": differences,
        "call": call,
    }


def _left(left: LeftAlone) -> Mapping[str, Any]:
    return {
        "kind": left.key.kind,
        "name": left.key.name,
        "reason": left.reason,
        "wanted": left.wanted,
        "statement": left.statement,
    }


def _short(value: Any) -> str:
    text = "(not set)" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
