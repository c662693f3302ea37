"""Counts what became of the messages of a worker.

A new counter also goes into `status.counts`. What observers can measure is in `tasks/events`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import UnknownMediaType
from ..verdicts import Ack, DeadLetter, Drop, Forwarded, Postpone, Postponed, Retry, Verdict


@dataclass(slots=True)
class Counters:
    """Counts since the start. Not safe to share between threads without a lock.

    Attributes:
        received: messages received.
        acked: messages handled successfully.
        skipped: messages that their handlers skipped.
        retried: messages to be tried again.
        unknown: those of `retried` left to workers that may know their media type.
        dropped: messages dropped without a dead letter.
        released: messages given back to the queue unhandled.
        lost: messages whose visibility lease was lost.
        postponed: messages that were not due yet.
        forwarded: messages of Celery tasks that were sent to another queue.
        dead_lettered: confirmed dead letters, by reason.
    """

    received: int = 0
    acked: int = 0
    skipped: int = 0
    retried: int = 0
    unknown: int = 0
    dropped: int = 0
    released: int = 0
    lost: int = 0
    postponed: int = 0
    forwarded: int = 0
    dead_lettered: Counter[str] = field(default_factory=Counter)

    def count(self, verdict: Verdict) -> None:
        """Count a verdict. Dead letters and releases are counted once they are confirmed."""
        match verdict:
            case Postpone() | Postponed():
                self.postponed += 1
            case Forwarded():
                self.forwarded += 1
            case Ack(skipped=False):
                self.acked += 1
            case Ack():
                self.skipped += 1
            case Retry(error=error) if issubclass(type(error), UnknownMediaType):
                self.retried += 1
                self.unknown += 1
            case Retry():
                self.retried += 1
            case Drop():
                self.dropped += 1

    def count_dead_letter(self, verdict: Verdict | None) -> None:
        """Count a dead letter that the dead-letter queue has confirmed."""
        if isinstance(verdict, DeadLetter):
            self.dead_lettered[verdict.reason] += 1

    def describe(self) -> str:
        """Return one line such as "received 2, acked 1, retried 0, dead-lettered 1 (invalid 1), ..."."""
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(self.dead_lettered.items()))
        dead_lettered = f"dead-lettered {self.dead_lettered.total()}" + (f" ({reasons})" if reasons else "")
        waiting = f" (unknown {self.unknown})" if self.unknown else ""
        parts = [
            f"received {self.received}",
            f"acked {self.acked}",
            f"retried {self.retried}{waiting}",
            dead_lettered,
            f"dropped {self.dropped}",
            f"released {self.released}",
        ]
        rare = [("skipped", self.skipped), ("lost", self.lost), ("not due yet", self.postponed)]
        parts += [f"{name} {count}" for name, count in rare if count]
        return ", ".join(parts)


def total(all_counters: Iterable[Counters]) -> dict[str, int]:
    """Return the sums of several workers, by name."""
    sums: Counter[str] = Counter()
    for counters in all_counters:
        sums["received"] += counters.received
        sums["acked"] += counters.acked
        sums["skipped"] += counters.skipped
        sums["retried"] += counters.retried
        sums["dead-lettered"] += counters.dead_lettered.total()
        sums["dropped"] += counters.dropped
        sums["released"] += counters.released
        sums["lost"] += counters.lost
    return dict(sums)
