"""Keeps the number of different label values small: each is a time series that is stored for long."""

import re

OTHER = "other"

_WORD = re.compile(r"[\w.:+/;=, -]{1,128}", re.ASCII)


class BoundedLabels:
    """Passes on up to `limit` different values, and `other` for those that come later.

    So do values that are long or have unusual characters, which may be free text. Not safe to share between
    threads without a lock.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[str, str] = {}

    def __call__(self, value: str) -> str:
        """The value to use as a label."""
        known = self._known.get(value)
        if known is not None:
            return known
        if len(self._known) >= self._limit or not _WORD.fullmatch(value):
            return OTHER
        self._known[value] = value
        return value
