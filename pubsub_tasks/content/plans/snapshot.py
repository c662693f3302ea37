"""Recognizes that objects were changed after a plan was made from them."""

from collections.abc import Iterable
from typing import Any


class Snapshot:
    """The attributes of objects at one time. Collections among them are copied."""

    def __init__(self, watched: Iterable[object]) -> None:
        self._now = tuple(vars(each) for each in watched)
        self._then = tuple({name: _copy(value) for name, value in each.items()} for each in self._now)

    def is_current(self) -> bool:
        """Whether the attributes are still what they were."""
        return self._now == self._then


def _copy(value: Any) -> Any:
    return value.copy() if type(value) in (dict, list, set) else value
