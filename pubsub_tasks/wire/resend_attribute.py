"""State of a message that SQS does not keep when the library sends it again.

Attempts, the time of the first publish and waived limits travel in one message attribute, `x-resent`. The
body stays the same, byte for byte.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from .records import Attribute, text

RESENT = "x-resent"
"""Name of the attribute."""

MAX_ATTEMPTS = 100_000
"""Upper bound of the attempts: a larger value from an attribute could make a back-off costly to compute."""


class ResendState(NamedTuple):
    """What a message that was sent again carries from its earlier copies.

    Attributes:
        first_published: epoch seconds; None if the message itself says when it was published.
        attempts: attempts made on earlier copies.
        waive: True after a redrive: neither its age nor its hop limit counts against the message.
    """

    first_published: float | None = None
    attempts: int = 0
    waive: bool = False

    @classmethod
    def read(cls, attributes: Mapping[str, Attribute]) -> Self:
        """Read the attribute. Members that are missing or invalid have their defaults."""
        attribute = attributes.get(RESENT)
        state = _object(attribute.value) if attribute else {}
        attempts = state.get("attempts")
        return cls(
            first_published=finite_number(state.get("first_published")),
            attempts=min(max(attempts, 0), MAX_ATTEMPTS) if type(attempts) is int else 0,
            waive=state.get("waive") is True,
        )

    def attribute(self) -> Attribute:
        """Return the attribute to send."""
        state = {"first_published": self.first_published, "attempts": self.attempts, "waive": self.waive}
        return text(json.dumps(state, separators=(",", ":")))


def finite_number(value: Any) -> float | None:
    """Return a number, or the number in a text, as a float; None if it is not finite or not a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _object(value: str | bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
