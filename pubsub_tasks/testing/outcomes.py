"""What became of the deliveries that `pubsub.run()` handled."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..messages.delivery import Delivery
from ..verdicts import Ack, DeadLetter, Drop, Postpone, Postponed, Retry, Verdict
from ..wire.records import MEDIA_TYPE, OPAQUE_DATA

FAILURES = ("failed", "exhausted")
"""Reasons of dead letters that are the failure of a handler."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One delivery and what became of it.

    Attributes:
        task: name of the task that ran, or None.
        delivery: the delivery as the task received it.
        verdict: an `Ack`, `Retry`, `DeadLetter` or `Drop` of `pubsub_tasks.verdicts`.
        at: when it was handled, by the test's clock (epoch seconds).
    """

    task: str | None
    delivery: Delivery = field(repr=False)
    verdict: Verdict
    at: float = field(repr=False)

    @property
    def media_type(self) -> str | None:
        """The media type, or None if the message names none."""
        return self.delivery.media_type

    @property
    def content(self) -> Mapping[str, Any]:
        """The content of the body, in JSON types."""
        hidden = (MEDIA_TYPE, OPAQUE_DATA)
        return {name: value for name, value in self.delivery.fields.items() if name not in hidden}

    @property
    def attempt(self) -> int:
        """The number of the attempt, from 1."""
        return self.delivery.attempt

    @property
    def error(self) -> BaseException | None:
        """What the handler raised, or why there was no handler to call; None if all went well."""
        return getattr(self.verdict, "error", None)

    @property
    def reason(self) -> str:
        """Why it was dead-lettered or dropped; empty otherwise."""
        return self.verdict.reason if isinstance(self.verdict, DeadLetter | Drop) else ""

    @property
    def after(self) -> float | None:
        """Seconds until the next attempt; None if there is none."""
        return self.verdict.after if isinstance(self.verdict, Retry) else None


@dataclass(frozen=True, slots=True)
class RunReport:
    """What happened in a run, in order.

    Attributes:
        outcomes: of all deliveries.
        seconds: how far the clock was turned.
    """

    outcomes: Sequence[Outcome]
    seconds: float

    def __str__(self) -> str:
        kinds = ("handled", "skipped", "retried", "postponed", "dead_lettered", "dropped")
        counts = {kind.replace("_", "-"): len(getattr(self, kind)) for kind in kinds}
        said = [f"{count} {kind}" for kind, count in counts.items() if count]
        reasons = Counter(outcome.reason for outcome in self.dead_lettered)
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        return (", ".join(said) or "nothing to handle") + (f" ({why})" if why else "")

    @property
    def handled(self) -> list[Outcome]:
        """Deliveries that were acknowledged."""
        return self._of(lambda verdict: isinstance(verdict, Ack) and not _is_aside(verdict))

    @property
    def skipped(self) -> list[Outcome]:
        """Deliveries that were acknowledged, and of which the handler said that it skipped them."""
        return self._of(lambda verdict: isinstance(verdict, Ack) and verdict.skipped)

    @property
    def retried(self) -> list[Outcome]:
        """Attempts that failed and were followed by another."""
        return self._of(lambda verdict: isinstance(verdict, Retry) and not isinstance(verdict, Postpone))

    @property
    def postponed(self) -> list[Outcome]:
        """Receives of messages that were not due yet."""
        return self._of(lambda verdict: isinstance(verdict, Postpone | Postponed))

    @property
    def dead_lettered(self) -> list[Outcome]:
        """Deliveries that went to a dead-letter queue; `reason` says why."""
        return self._of(lambda verdict: isinstance(verdict, DeadLetter))

    @property
    def dropped(self) -> list[Outcome]:
        """Deliveries that were discarded."""
        return self._of(lambda verdict: isinstance(verdict, Drop))

    def _of(self, is_wanted: Callable[[Verdict], bool]) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if is_wanted(outcome.verdict)]


def _is_aside(verdict: Ack) -> bool:
    return verdict.skipped or isinstance(verdict, Postponed)


class RunRecorder:
    """Collects the outcomes of one run. `clock` returns epoch seconds."""

    def __init__(self, clock: Callable[[], float], raise_errors: bool) -> None:
        self._clock = clock
        self._raise_errors = raise_errors
        self._started = clock()
        self._outcomes: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """Add an outcome. With `raise_errors`, raises a handler's error if its message is dead-lettered."""
        __tracebackhide__ = True
        self._outcomes.append(outcome)
        error = outcome.error
        if self._raise_errors and error is not None and outcome.reason in FAILURES:
            error.add_note(
                f"Raised by task {outcome.task} in attempt {outcome.attempt}; its message is dead-lettered "
                f"as {outcome.reason}. With pubsub.run(raise_errors=False) the report has this error."
            )
            raise error

    def report(self) -> RunReport:
        """The report of the run up to now."""
        return RunReport(tuple(self._outcomes), self._clock() - self._started)
