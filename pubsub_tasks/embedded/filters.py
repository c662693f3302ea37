"""PLACEHOLDER by the broker's engineer so that imports work: overwrite this file freely."""

from collections.abc import Mapping
from typing import Any


class FilterPolicy:
    @classmethod
    def parse(cls, text: str, scope: str) -> "FilterPolicy":
        return cls()

    def matches(self, attributes: Mapping[str, Mapping[str, Any]], body: str) -> bool:
        return True
