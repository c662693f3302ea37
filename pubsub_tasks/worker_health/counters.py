"""Counters: what a worker did, in numbers. Knows verdicts and nothing of why they were given."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import UnknownMediaType
from ..verdicts import Ack, DeadLetter, Drop, Postpone, Postponed, Retry, Verdict


@dataclass(slots=True)
class Counters:
    """Counts since the start, dead letters by reason as they are confirmed. Whoever shares it locks it.

    `unknown` is how many of `retried` were left to workers that may know their media type.
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
    dead_lettered: Counter[str] = field(default_factory=Counter)

    def decided(self, verdict: Verdict) -> None:
        """A handler's delivery was decided; a dead letter or a release counts once confirmed."""
        match verdict:
            case Postpone() | Postponed():
                self.postponed += 1
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

    def confirmed(self, verdict: Verdict | None) -> None:
        """The dead-letter queue has it."""
        if isinstance(verdict, DeadLetter):
            self.dead_lettered[verdict.reason] += 1

    def describe(self) -> str:
        """Such as "received 12, acked 9, retried 2, dead-lettered 1 (invalid 1), dropped 0, released 0"."""
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(self.dead_lettered.items()))
        letters = f"dead-lettered {self.dead_lettered.total()}" + (f" ({reasons})" if reasons else "")
        waiting = f" (unknown {self.unknown})" if self.unknown else ""
        parts = [
            f"received {self.received}",
            f"acked {self.acked}",
            f"retried {self.retried}{waiting}",
            letters,
            f"dropped {self.dropped}",
            f"released {self.released}",
        ]
        rare = [("skipped", self.skipped), ("lost", self.lost), ("not due yet", self.postponed)]
        parts += [f"{name} {count}" for name, count in rare if count]
        return ", ".join(parts)


def total(all_counters: Iterable[Counters]) -> dict[str, int]:
    """Their sums, by name."""
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
