"""Plans carried out: step by step, and again for what appears behind."""

from pubsub_tasks.dead_letters.letter_view import Letter
from pubsub_tasks.dead_letters.move_item import MoveItem
from pubsub_tasks.dead_letters.move_report import MoveReport
from pubsub_tasks.errors import ReceiveFailed, SettleFailed
from pubsub_tasks.redrive.carry_out import carry_out, change_followers
from pubsub_tasks.redrive.move_plan import PlanStep
from pubsub_tasks.wire.records import Outgoing
from tests.dead_letters.samples import arrived, failed
from tests.redrive.queues import QueuePair
from tests.samples import NOW


def test_a_step_that_ends_early_ends_those_behind_it() -> None:
    queues = QueuePair()
    queues.source.script["send"] = [SettleFailed("no", code="AccessDenied")]
    steps = [
        PlanStep(queues.source, [MoveItem("a", None, Outgoing("1"))]),  # type: ignore[arg-type]
        PlanStep(queues.letters, [MoveItem("b", None, Outgoing("2"))]),  # type: ignore[arg-type]
    ]

    report = carry_out(steps, None, stop=queues.stop, clock=queues.clock)

    assert report.left == ["b"]
    assert "no" in report.halted
    assert queues.visible_bodies() == []


def test_followers_are_changed_until_none_is_left() -> None:
    letters = [Letter.of(arrived(failed(), message_id=f"m-{number}")) for number in range(3)]
    waves = [letters[:1], letters[1:], []]
    report = MoveReport()

    change_followers(
        lambda: waves.pop(0), lambda some: MoveReport([each.record.message_id for each in some]), report, NOW
    )

    assert report.done == ["m-0", "m-1", "m-2"]
    assert report.complete


def test_letters_that_arrived_later_are_left_alone() -> None:
    report = MoveReport()

    change_followers(lambda: [Letter.of(arrived(failed()))], lambda some: MoveReport(["x"]), report, NOW - 1)

    assert report.done == []


def test_an_interrupt_and_a_failure_are_in_the_report() -> None:
    def fail() -> list[Letter]:
        raise ReceiveFailed("no answer", code="")

    interrupted, halted = MoveReport(["a"]), MoveReport(["a"])
    change_followers(lambda: None, lambda some: MoveReport(), interrupted, NOW)
    change_followers(fail, lambda some: MoveReport(), halted, NOW)

    assert interrupted.halted == "interrupted"
    assert "no answer" in halted.halted
