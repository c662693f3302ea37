"""What SQS forgets when the library sends a message again: attempts, first publish, waivers.

It travels in one SQS attribute, `x-resent`, never in the body: the body stays byte for byte what it was.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .records import Attribute, text

RESENT = "x-resent"
"""Name of the attribute."""

MAX_ATTEMPTS = 100_000
"""More is taken for this many: what an attribute says must not make a back-off astronomic to compute."""


@dataclass(frozen=True, slots=True)
class ResendState:
    """When the message was first published, attempts made on earlier copies, and whether limits are waived.

    `first_published` is epoch seconds, or None where the message itself tells it.
    """

    first_published: float | None = None
    attempts: int = 0
    waive: bool = False

    @classmethod
    def read(cls, attributes: Mapping[str, Attribute]) -> Self:
        """What the attribute says; garbage, and what is missing, counts as not said."""
        attribute = attributes.get(RESENT)
        said = _object(attribute.value) if attribute else {}
        attempts = said.get("attempts")
        return cls(
            first_published=finite_number(said.get("first_published")),
            attempts=min(max(attempts, 0), MAX_ATTEMPTS) if type(attempts) is int else 0,
            waive=said.get("waive") is True,
        )

    def attribute(self) -> Attribute:
        """The attribute that says it."""
        said = {"first_published": self.first_published, "attempts": self.attempts, "waive": self.waive}
        return text(json.dumps(said, separators=(",", ":")))


def finite_number(value: Any) -> float | None:
    """Epoch seconds from a number or its text; None for what is neither, or is not finite."""
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
