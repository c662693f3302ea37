"""Names: ids as short as they can be and still mean one letter. Pure."""

from collections.abc import Iterable
from itertools import pairwise, takewhile

SHORTEST = 8
"""Characters: fewer would soon mean another letter as well."""


def short(ids: Iterable[str]) -> dict[str, str]:
    """By id, its shortest beginning that no other of them shares; an id that begins another stays whole."""
    known = sorted(set(ids))
    shared = dict.fromkeys(known, 0)
    for one, next_one in pairwise(known):
        common = _shared(one, next_one)
        shared[one] = max(shared[one], common)
        shared[next_one] = max(shared[next_one], common)
    return {each: each[: max(SHORTEST, shared[each] + 1)] for each in known}


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
