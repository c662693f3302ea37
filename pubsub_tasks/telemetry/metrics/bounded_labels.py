"""Keeps the number of different label values small: each is a time series that is stored for long."""

import re

OTHER = "other"

_WORD = re.compile(r"[\w.:+/;=,<> -]{1,128}", re.ASCII)


class BoundedLabels:
    """Passes on up to `limit` different values, and `other` for those that come later.

    So do values that are long or have unusual characters, which may be free text. Threads that share it
    without a lock may pass on a few more.
    """

    def __init__(self, limit: int, other: str = OTHER) -> None:
        self._limit, self._other = limit, other
        self._known: dict[str, str] = {}

    def __call__(self, value: str) -> str:
        """The value to use as a label."""
        known = self._known.get(value)
        if known is not None:
            return known
        if len(self._known) >= self._limit or not _WORD.fullmatch(value):
            return self._other
        self._known[value] = value
        return value
