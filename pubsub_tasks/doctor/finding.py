"""A finding: what is wrong, why it hurts, and the command that mends it."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad a finding is: messages are lost or do not arrive; they may; or it is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(NamedTuple):
    """One finding.

    Attributes:
        subject: what it is about, such as `queue shop-orders`.
        what: what is wrong, with the value.
        why: why it hurts.
        mend: the command, or in words what to do; empty if nothing is to be done.
    """

    severity: Severity
    subject: str
    what: str
    why: str
    mend: str = ""

    def __str__(self) -> str:
        """In one line, as a worker logs it."""
        advice = f". {self.mend}" if self.mend else ""
        return f"{self.subject} {self.what}: {self.why}{advice}"


ORDER = tuple(Severity)
"""The worst first."""
