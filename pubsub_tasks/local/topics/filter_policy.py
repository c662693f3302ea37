"""FilterPolicy: which messages a subscription gets, by their attributes or by their body. Knows no queue.

Sources: the filter policy pages of the SNS developer guide. Where AWS's pages disagree on how the keys of a
nested policy are counted, the later one decides: those of the top level.
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
    """What must hold together: each key by one of its rules, and each `$or` by one of its groups."""

    keys: Sequence[tuple[Path, Sequence[Rule]]]
    choices: Sequence[Sequence["_KeyGroup"]]

    def holds(self, leaves: Leaves) -> bool:
        return all(_one(rules, leaves(path)) for path, rules in self.keys) and all(
            any(group.holds(leaves) for group in groups) for groups in self.choices
        )

    @property
    def combinations(self) -> int:
        """Values multiplied, those of nested keys by their level too; alternatives are added."""
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
        """Read the attribute `FilterPolicy` for a `FilterPolicyScope`.

        Raises:
            ServiceError: `InvalidParameter` for what is no policy, or one that passes 256 KB, five keys, 150
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
        except RecursionError:  # each level multiplies, so that such a one has too many combinations
            simple = False
        if not simple:
            raise refused("Filter policy is too complex")
        return cls(by_body, group)

    def matches(self, attributes: Mapping[str, Mapping[str, Any]], body: str) -> bool:
        """True where the message passes; a body that is no JSON object passes no policy on bodies."""
        if not self.by_body:
            return self.group.holds(lambda path: _attribute_leaves(attributes.get(path[0])))
        content = _content(body)
        try:
            return content is not None and self.group.holds(lambda path: list(_leaves(content, path)))
        except RecursionError:  # nobody filters by what stands as deep in a body
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
    """`$or` is a key like any other, unless two objects or more follow that have no keyword for a key."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(alternative, dict) and alternative for alternative in value)
        and not any(KEYWORDS & alternative.keys() for alternative in value)
    )


def _attribute_leaves(attribute: Mapping[str, Any] | None) -> Sequence[Leaf]:
    """Binary attributes are ignored."""
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
    """All values under a path; each element of an array on the way is looked into by itself."""
    if isinstance(node, list):
        for element in node:
            yield from _leaves(element, path)
    elif isinstance(node, dict):
        if path and path[0] in node:
            yield from _leaves(node[path[0]], path[1:])
    elif not path:
        yield node
