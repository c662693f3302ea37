"""Recognizes that schemas or fields were changed after a plan was made from them."""

from collections.abc import Iterable
from typing import Any


class Snapshot:
    """The attributes of schemas and fields at one time."""

    def __init__(self, watched: Iterable[object]) -> None:
        self._now = tuple(vars(each) for each in watched)
        self._then = tuple({name: _copy(name, value) for name, value in each.items()} for each in self._now)

    def is_current(self) -> bool:
        """Whether the attributes are still what they were."""
        return self._now == self._then


def _copy(name: str, value: Any) -> Any:
    """Copy what is read at each dump or load, and so could be edited in place: validators, and fields."""
    return value.copy() if type(value) is list or name == "dump_fields" else value
