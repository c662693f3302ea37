"""Signals: what a handler raises to decide for itself. Technically exceptions, but not errors.

Each carries the verdict that it stands for; `Retry` without a number of seconds is left to the policy.
"""

from .verdicts import Ack, DeadLetter, Drop, Reason, Retry, Verdict


class Signal(Exception):
    """Raised by a handler on purpose. `verdict` is None where the retry policy is to say how long."""

    verdict: Verdict | None = None


class Nack(Signal):
    """Try again after `seconds` (float), or when the policy says; the policy still says when to stop."""

    def __init__(self, seconds: float | None = None, reason: str | None = None) -> None:
        """`reason` (str) is for the log, and for the letter where the policy says stop."""
        super().__init__(reason or ("try again" if seconds is None else f"try again in {seconds:g} s"))
        self.seconds = seconds
        self.verdict = None if seconds is None else Retry(max(0.0, seconds), self)


class Reject(Signal):
    """Never try again: to the dead-letter queue, with this reason (str)."""

    kind: Reason = "rejected"

    def __init__(self, reason: str = "rejected by the handler") -> None:
        super().__init__(reason)
        self.reason = reason
        self.verdict = DeadLetter(self.kind, self)


class Discard(Signal):
    """Delete the message and keep no copy; logged and counted with this reason (str)."""

    def __init__(self, reason: str = "discarded by the handler") -> None:
        super().__init__(reason)
        self.reason = reason
        self.verdict = Drop(reason, self)


class SkipMessage(Signal):
    """The handler declines: acknowledged, and counted apart from what succeeded."""

    def __init__(self, reason: str = "skipped by the handler") -> None:
        super().__init__(reason)
        self.reason = reason
        self.verdict = Ack(skipped=True)


class IgnoreMessage(SkipMessage):
    """The same as `SkipMessage`; both names are of microcosm lineage."""


class TTLExpired(Reject):
    """The message went through too many hops; dead-lettered with the reason `hops`."""

    kind = "hops"
