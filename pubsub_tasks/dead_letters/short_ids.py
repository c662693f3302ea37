"""The shortest prefixes that tell ids apart. No I/O."""

from collections.abc import Iterable
from itertools import pairwise, takewhile

MIN_LENGTH = 8
"""Characters: shorter prefixes would soon match new letters too."""


def shorten_ids(ids: Iterable[str]) -> dict[str, str]:
    """The shortest prefix of each id that no other id starts with; a prefix of another id stays whole."""
    ordered = sorted(set(ids))
    shared = dict.fromkeys(ordered, 0)
    for one, next_one in pairwise(ordered):
        common = _common_length(one, next_one)
        shared[one] = max(shared[one], common)
        shared[next_one] = max(shared[next_one], common)
    return {each: each[: max(MIN_LENGTH, shared[each] + 1)] for each in ordered}


def _common_length(one: str, other: str) -> int:
    """Length of the prefix that both share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
