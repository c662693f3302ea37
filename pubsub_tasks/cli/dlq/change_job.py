"""How every command that changes a queue works: receive, plan, confirm, carry out, report."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import click

from ...dead_letters.letter_view import Letter
from ...dead_letters.move_report import MoveReport, count_letters
from ...processes.exit_codes import INCOMPLETE, INTERRUPTED
from ...redrive.carry_out import carry_out, change_followers
from ...redrive.leased_letters import LeasedLetters
from ...redrive.move_plan import Plan, PlanStep, direction
from ..output.terminal import print_line, progress_bar, stop_on_interrupt
from .environment import CommandEnvironment
from .session import Session


@dataclass(frozen=True)
class ChangeJob:
    """One run of a command that changes a queue.

    Attributes:
        verb: for the prompt, such as "redrive".
        past: for the report, such as "redrove".
        rate: letters per second; None for no limit.
        dry_run: only print what would be done.
        yes: do not ask for confirmation.
        as_json: print the report as JSON.
    """

    environment: CommandEnvironment
    verb: str
    past: str
    rate: float | None
    dry_run: bool
    yes: bool
    as_json: bool

    def check_can_confirm(self) -> None:
        """Raise UsageError if confirmation is needed and there is no terminal to ask on."""
        if not (self.yes or self.dry_run or self.environment.can_prompt()):
            raise click.UsageError(
                "cannot ask for confirmation without a terminal: add --yes, or --dry-run to look first"
            )

    def change_letters(self, session: Session, plan: Callable[[Sequence[Letter]], Plan]) -> None:
        """Carry out the plan for the matching letters and print the report; exits if it is incomplete.

        A FIFO queue shows the letters behind them once they are gone. So this repeats, in order, until
        nothing matches or something fails.
        """
        started = self.environment.clock()
        received = session.receive_or_exit()
        if not (received.matching or session.selection.filter.matches_all):
            session.exit_without_match(received)
        session.note_unseen(received)
        steps = plan(received.matching)
        followers = ", and the letters behind them in their message groups" if session.is_fifo else ""
        if not self._is_confirmed(steps, session.queue_name, followers):
            return
        report = self._carry_out(steps, session.leased)
        if session.is_fifo:
            change_followers(
                lambda: _matching(session),
                lambda letters: self._carry_out(plan(letters), session.leased),
                report,
                started,
            )
        self._finish(report)

    def send_items(self, step: PlanStep) -> None:
        """Send items that are in no queue yet and print the report; exits if it is incomplete."""
        if step.target and self._is_confirmed([step], step.target.name):
            self._finish(self._carry_out([step], None))

    def _carry_out(self, steps: Plan, leased: LeasedLetters | None) -> MoveReport:
        total = sum(len(step.items) for step in steps)
        with stop_on_interrupt() as stop, progress_bar(self.verb, total) as update:
            clock = self.environment.monotonic
            return carry_out(steps, leased, stop=stop, clock=clock, rate=self.rate, on_progress=update)

    def _finish(self, report: MoveReport) -> None:
        """Print the report; exit with 1 or 130 if it is incomplete."""
        if self.as_json:
            print_line(json.dumps({"dry_run": False, **asdict(report)}))
        else:
            for line in report.lines(self.past):
                print_line(line)
        if not report.complete:
            raise click.exceptions.Exit(
                INTERRUPTED if report.halted.startswith("interrupted") else INCOMPLETE
            )

    def _is_confirmed(self, steps: Plan, queue_name: str, followers: str = "") -> bool:
        """Whether there is something to do and the user confirms it; prints the plan of a dry run."""
        count = sum(len(step.items) for step in steps)
        what = f"{count_letters(count)}{direction(steps, queue_name)}{followers if count else ''}"
        if self.dry_run:
            self._print_dry_run(steps, what)
        elif not count:
            self._finish(MoveReport())
        elif not self.yes:
            click.confirm(f"{self.verb} {what}?", abort=True, err=True)
        return bool(count) and not self.dry_run

    def _print_dry_run(self, steps: Plan, what: str) -> None:
        if self.as_json:
            would = [
                {"to": step.target.url if step.target else None, "letters": [item.id for item in step.items]}
                for step in steps
            ]
            print_line(json.dumps({"dry_run": True, "would": would}))
        else:
            print_line(f"would {self.verb} {what}")


def _matching(session: Session) -> Sequence[Letter] | None:
    """The letters that match now; None after Ctrl-C."""
    received = session.receive()
    return None if received.interrupted else received.matching
