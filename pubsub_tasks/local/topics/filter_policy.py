"""SNS filter policies: select a subscription's messages by attributes or by body.

Sources: the filter policy pages of the SNS developer guide. AWS's pages disagree on how the keys of a nested
policy are counted; this follows the later one, which counts the top level only.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from ..rules.limits import text_size
from .filter_matchers import KEYWORDS, Leaf, Rule, refused, rule

KEYS = 5
COMBINATIONS = 150
SIZE = 262_144  # bytes

Path = tuple[str, ...]
Leaves = Callable[[Path], Sequence[Leaf]]

_OR = "$or"


@dataclass(frozen=True, slots=True)
class _KeyGroup:
    """Conditions that must all hold: for each key one of its rules, for each `$or` one of its groups."""

    keys: Sequence[tuple[Path, Sequence[Rule]]]
    choices: Sequence[Sequence["_KeyGroup"]]

    def holds(self, leaves: Leaves) -> bool:
        return all(_one(rules, leaves(path)) for path, rules in self.keys) and all(
            any(group.holds(leaves) for group in groups) for groups in self.choices
        )

    @property
    def combinations(self) -> int:
        """Product of the number of values per key, times the level of nested keys; alternatives are added."""
        own = prod(len(path) * len(rules) for path, rules in self.keys)
        return own * prod(sum(group.combinations for group in groups) for groups in self.choices)


@dataclass(frozen=True, slots=True)
class FilterPolicy:
    """One subscription's filter policy.

    Attributes:
        by_body: True for the scope MessageBody, False for MessageAttributes.
    """

    by_body: bool
    group: _KeyGroup

    @classmethod
    def parse(cls, text: str, scope: str) -> "FilterPolicy":
        """Parse the attribute `FilterPolicy` for a `FilterPolicyScope`.

        Raises:
            ServiceError: `InvalidParameter` if it is not a policy, or exceeds 256 KB, five keys, 150
                combinations of values, or numbers of 10^9.
        """
        if text_size(text) > SIZE:
            raise refused(f"A filter policy has at most {SIZE} bytes, not {text_size(text)}.")
        policy = _read(text)
        if len(policy) > KEYS:
            raise refused(f"Filter policy can not have more than {KEYS} keys")
        by_body = scope == "MessageBody"
        try:
            group = _group(policy, (), by_body)
            simple = group.combinations <= COMBINATIONS
        except RecursionError:  # so deep a policy has too many combinations, as each level multiplies
            simple = False
        if not simple:
            raise refused("Filter policy is too complex")
        return cls(by_body, group)

    def matches(self, attributes: Mapping[str, Mapping[str, Any]], body: str) -> bool:
        """Whether the message matches. A body that is not a JSON object matches no body policy."""
        if not self.by_body:
            return self.group.holds(lambda path: _attribute_leaves(attributes.get(path[0])))
        content = _content(body)
        try:
            return content is not None and self.group.holds(lambda path: list(_leaves(content, path)))
        except RecursionError:  # the body is nested too deeply
            return False


def _one(rules: Sequence[Rule], leaves: Sequence[Leaf]) -> bool:
    return any(allows(leaves) for allows in rules)


def _read(text: str) -> dict[str, Any]:
    try:
        policy = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise refused(f"failed to parse JSON. {error}") from error
    if not isinstance(policy, dict):
        raise refused("It must be a JSON object.")
    return policy


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _group(policy: Mapping[str, Any], above: Path, nests: bool) -> _KeyGroup:
    keys: list[tuple[Path, Sequence[Rule]]] = []
    choices: list[Sequence[_KeyGroup]] = []
    for key, value in policy.items():
        path = (*above, key)
        if key == _OR and _is_or(value):
            choices.append([_group(alternative, above, nests) for alternative in value])
        elif isinstance(value, dict):
            choices.append([_nested(value, path, nests)])
        elif not isinstance(value, list):
            raise refused(f'"{key}" must be an object or an array')
        elif not value:
            raise refused("Empty arrays are not allowed")
        else:
            keys.append((path, [rule(element) for element in value]))
    return _KeyGroup(keys, choices)


def _nested(policy: Mapping[str, Any], path: Path, nests: bool) -> _KeyGroup:
    if not nests:
        raise refused("Filter policy scope MessageAttributes does not support nested filter policy")
    if not policy:
        raise refused("Empty objects are not allowed")
    return _group(policy, path, nests)


def _is_or(value: object) -> bool:
    """`$or` is an ordinary key unless its value is two or more objects whose keys are not keywords."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(alternative, dict) and alternative for alternative in value)
        and not any(KEYWORDS & alternative.keys() for alternative in value)
    )


def _attribute_leaves(attribute: Mapping[str, Any] | None) -> Sequence[Leaf]:
    """The values of a message attribute; none if it is absent or binary."""
    kind = attribute["DataType"] if attribute else "Binary"
    if kind.startswith("Binary"):
        return ()
    text: str = attribute["StringValue"] if attribute else ""
    if kind.startswith("Number"):
        return (float(text),)
    return list(_elements(text)) if kind == "String.Array" else (text,)


def _elements(text: str) -> Iterator[Leaf]:
    try:
        yield from _leaves(json.loads(text), ())
    except (ValueError, RecursionError):
        return


def _content(body: str) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _leaves(node: Any, path: Path) -> Iterator[Leaf]:
    """All values at a path, in each element of arrays on the way."""
    if isinstance(node, list):
        for element in node:
            yield from _leaves(element, path)
    elif isinstance(node, dict):
        if path and path[0] in node:
            yield from _leaves(node[path[0]], path[1:])
    elif not path:
        yield node
