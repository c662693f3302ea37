"""Carries out a plan for letters, and repeats it for those that appear behind them in a FIFO queue."""

from collections.abc import Callable, Sequence

from ..dead_letters.letter_view import Letter
from ..dead_letters.move_report import MoveReport
from ..errors import PubSubTasksError
from .browse import Stop
from .leased_letters import LeasedLetters
from .move_plan import Plan
from .mover import Mover


def carry_out(
    plan: Plan,
    leased: LeasedLetters | None,
    *,
    stop: Stop,
    clock: Callable[[], float],
    rate: float | None = None,
    on_progress: Callable[[int], None] = lambda settled: None,
) -> MoveReport:
    """Carry out the steps in order; a step that ends early ends them all. Arguments are as for `Mover`."""
    report = MoveReport()
    for step in plan:
        if report.halted:
            report.left += [item.id for item in step.items]
            continue
        before = report.settled
        mover = Mover(
            leased,
            step.target,
            stop=stop,
            clock=clock,
            rate=rate,
            on_progress=lambda settled, before=before: on_progress(before + settled),  # type: ignore[misc]
        )
        report.add(mover.run(step.items))
    return report


def change_followers(
    receive: Callable[[], Sequence[Letter] | None],
    change: Callable[[Sequence[Letter]], MoveReport],
    report: MoveReport,
    started: float,
) -> None:
    """Change letters of a FIFO queue that became visible, until `receive` returns no others.

    Letters that arrived after `started` are left alone: one that was redriven and failed again at once would
    keep this running forever. `receive` returns None if it was interrupted.
    """
    try:
        while report.complete:
            letters, done = receive(), set(report.done)
            if letters is None:
                report.halted = "interrupted"
                return
            followers = [
                letter for letter in letters if letter.dead_since <= started and letter.id not in done
            ]
            if not followers:
                return
            report.add(change(followers))
    except PubSubTasksError as error:
        report.halted = str(error)
