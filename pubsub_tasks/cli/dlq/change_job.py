"""Jobs: how every changing command goes about it: look, plan, ask, carry out, and say what was done."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import click

from ...dead_letters.letter import Letter
from ...dead_letters.move_item import MoveItem
from ...dead_letters.move_report import MoveReport
from ...dead_letters.move_report import letters as counted
from ...errors import PubSubTasksError
from ...redrive.leased_letters import LeasedLetters
from ...redrive.mover import Mover
from ...transports.protocols import Queue
from .environment import INCOMPLETE, INTERRUPTED, CommandEnvironment, interruptible, say
from .session import Session, progress


@dataclass(frozen=True)
class MovePart:
    """Items for one target queue; None where nothing is sent."""

    target: Queue | None
    items: Sequence[MoveItem]


Plan = Sequence[MovePart]


@dataclass(frozen=True)
class Job:
    """One changing command at work. `verb` and `past` are as in "redrive", "redrove"."""

    world: CommandEnvironment
    verb: str
    past: str
    rate: float | None
    dry_run: bool
    yes: bool
    as_json: bool

    def may_ask(self) -> None:
        """Raises UsageError where nobody could be asked and nobody has agreed."""
        if not (self.yes or self.dry_run or self.world.can_ask()):
            raise click.UsageError("there is no terminal to ask on: agree with --yes, or look with --dry-run")

    def on_letters(self, opened: Session, plan: Callable[[Sequence[Letter]], Plan]) -> None:
        """Do what is planned for the letters that are meant, and tell. Ends the command.

        On a FIFO queue what stands behind them in their groups is seen once they are gone: so it goes on,
        in order, until nothing more is meant or something did not go.
        """
        started = self.world.clock()
        seen = opened.look_before()
        if not (seen.meant or opened.choice.filter.everything):
            opened.refuse(seen)
        opened.remark(seen)
        parts = plan(seen.meant)
        if not self._agreed(
            parts, opened.name, ", and what stands behind them in their groups" if opened.fifo else ""
        ):
            return
        outcome = self.carry_out(parts, opened.hands)
        if opened.fifo:
            self._go_on(opened, plan, outcome, started)
        self.tell(outcome)

    def _go_on(
        self, opened: Session, plan: Callable[[Sequence[Letter]], Plan], outcome: MoveReport, started: float
    ) -> None:
        """Do the same for what is seen now that others are gone, until there is nothing more.

        What came since the start is left alone, as a letter that went back and failed again at once: this
        might never end otherwise.
        """
        try:
            while outcome.complete:
                seen, done = opened.look(), set(outcome.done)
                old = [
                    letter for letter in seen.meant if letter.dead_since <= started and letter.id not in done
                ]
                if seen.interrupted:
                    outcome.halted = "interrupted"
                elif not old:
                    return
                else:
                    outcome.add(self.carry_out(plan(old), opened.hands))
        except PubSubTasksError as error:
            outcome.halted = str(error)

    def on_items(self, part: MovePart) -> None:
        """Send what stands in no queue yet, and tell."""
        if part.target and self._agreed([part], part.target.name):
            self.tell(self.carry_out([part], None))

    def carry_out(self, parts: Plan, hands: LeasedLetters | None) -> MoveReport:
        """Carry the parts out one after the other; what ends one early ends all."""
        outcome = MoveReport()
        total = sum(len(part.items) for part in parts)
        with interruptible() as stop, progress(self.verb, total) as bar:
            for part in parts:
                if outcome.halted:
                    outcome.left += [item.id for item in part.items]
                    continue
                before = outcome.settled
                mover = Mover(
                    hands,
                    part.target,
                    stop=stop,
                    clock=self.world.pace,
                    rate=self.rate,
                    tell=lambda settled, before=before: bar(before + settled),  # type: ignore[misc]
                )
                outcome.add(mover.run(part.items))
        return outcome

    def tell(self, outcome: MoveReport) -> None:
        """Say what was done and what was not; exits with 1 or 130 where not all was."""
        if self.as_json:
            say(json.dumps({"dry_run": False, **asdict(outcome)}))
        else:
            for line in outcome.lines(self.past):
                say(line)
        if not outcome.complete:
            raise click.exceptions.Exit(
                INTERRUPTED if outcome.halted.startswith("interrupted") else INCOMPLETE
            )

    def _agreed(self, parts: Plan, name: str, more: str = "") -> bool:
        """Whether there is something to do, and somebody agrees to it; says so where not."""
        count = sum(len(part.items) for part in parts)
        what = f"{counted(count)}{_where(parts, name)}{more if count else ''}"
        if self.dry_run:
            self._would(parts, what)
        elif not count:
            self.tell(MoveReport())
        elif not self.yes:
            click.confirm(f"{self.verb} {what}?", abort=True, err=True)
        return bool(count) and not self.dry_run

    def _would(self, parts: Plan, what: str) -> None:
        if self.as_json:
            would = [
                {"to": part.target.url if part.target else None, "letters": _ids(part)} for part in parts
            ]
            say(json.dumps({"dry_run": True, "would": would}))
        else:
            say(f"would {self.verb} {what}")


def by_target(pairs: Iterable[tuple[Queue, MoveItem]]) -> Plan:
    """The parts of a plan, in the order in which their queues come."""
    items: dict[str, tuple[Queue, list[MoveItem]]] = {}
    for queue, item in pairs:
        items.setdefault(queue.url, (queue, []))[1].append(item)
    return [MovePart(queue, its) for queue, its in items.values()]


def _where(parts: Plan, name: str) -> str:
    targets = [part for part in parts if part.target and part.target.name != name]
    if not targets:
        return f" in {name}"
    if len(targets) == 1 and targets[0].target:
        return f" from {name} to {targets[0].target.name}"
    each = [f"{len(part.items):,} to {part.target.name}" for part in targets if part.target]
    return f" from {name}, {' and '.join(each)}"


def _ids(part: MovePart) -> list[str]:
    return [item.id for item in part.items]
