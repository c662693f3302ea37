"""Signals: exceptions that a handler raises to decide what happens to its message. They are not errors.

Each signal has a `verdict`. A `Nack` without seconds leaves the wait to the retry policy.
"""

from datetime import timedelta

from .verdicts import Ack, DeadLetter, Drop, Reason, Retry, Verdict


class Signal(Exception):
    """Base class of signals. `verdict` is None if the retry policy decides how long to wait."""

    verdict: Verdict | None = None


class Nack(Signal):
    """Retry the message after `seconds`, or the policy's wait if None. The policy decides when to stop."""

    def __init__(self, seconds: float | timedelta | None = None, reason: str | None = None) -> None:
        """`reason` is for the log, and for the dead letter if the policy stops."""
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        super().__init__(reason or ("try again" if seconds is None else f"try again in {seconds:g} s"))
        self.seconds = seconds
        self.verdict = None if seconds is None else Retry(max(0.0, seconds), self)


class Reject(Signal):
    """Send the message to the dead-letter queue with this reason, without a retry."""

    kind: Reason = "rejected"

    def __init__(self, reason: str = "rejected by the handler") -> None:
        super().__init__(reason)
        self.reason = reason
        self.verdict = DeadLetter(self.kind, self)


class Discard(Signal):
    """Delete the message without a copy. The reason is logged, and the message is counted as discarded."""

    def __init__(self, reason: str = "discarded by the handler") -> None:
        super().__init__(reason)
        self.reason = reason
        self.verdict = Drop(reason, self)


class SkipMessage(Signal):
    """Delete the message, which the handler had nothing to do for. It is counted as skipped."""

    def __init__(self, reason: str = "skipped by the handler") -> None:
        super().__init__(reason)
        self.reason = reason
        self.verdict = Ack(skipped=True)


class IgnoreMessage(SkipMessage):
    """The same as `SkipMessage`. microcosm-pubsub has both names."""


class TTLExpired(Reject):
    """The message is over the hop limit. It goes to the dead-letter queue with the reason `hops`."""

    kind = "hops"
