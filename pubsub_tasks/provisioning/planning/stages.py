"""In which order steps are carried out, and which may be carried out side by side."""

from collections.abc import Iterable, Mapping, Sequence

from ..resources import Key
from .steps import Step

Lane = Sequence[Step]
"""Steps of one resource, one after the other."""


def stages(steps: Iterable[Step]) -> list[list[Lane]]:
    """The lanes of each stage; a stage begins after the one before it has ended.

    A resource's steps come after those of what it needs. Deletions come last, kind by kind.
    """
    lanes: dict[Key, list[Step]] = {}
    deletions: dict[str, list[Lane]] = {}
    for step in steps:
        if step.action == "delete":
            deletions.setdefault(step.key.kind, []).append([step])
        else:
            lanes.setdefault(step.key, []).append(step)
    numbers: dict[Key, int] = {}
    by_number: dict[int, list[Lane]] = {}
    for key, lane in lanes.items():
        by_number.setdefault(_number(key, lanes, numbers), []).append(lane)
    return [*(by_number[number] for number in sorted(by_number)), *deletions.values()]


def _number(key: Key, lanes: Mapping[Key, Lane], numbers: dict[Key, int]) -> int:
    if key not in numbers:
        needed = {need for step in lanes[key] for need in step.needs if need in lanes}
        numbers[key] = 1 + max((_number(need, lanes, numbers) for need in needed), default=-1)
    return numbers[key]
