from pubsub_tasks.dead_letters.move_report import MoveReport, Trouble


def test_all_done_is_one_line() -> None:
    outcome = MoveReport(done=["a"])

    assert outcome.complete
    assert list(outcome.lines("redrove")) == ["redrove 1 letter"]


def test_what_was_not_done_is_told_by_its_cause() -> None:
    outcome = MoveReport(
        done=list(map(str, range(1200))),
        kept=[Trouble("a", "too large"), Trouble("b", "too large"), Trouble("c", "behind")],
        doubled=[Trouble("d", "sent, and not deleted")],
        lost=["e"],
        left=list("ghijklm"),
        halted="interrupted",
    )

    assert list(outcome.lines("redrove")) == [
        "stopped early: interrupted",
        "redrove 1,200 letters",
        "3 letters stayed as they were: too large (a, b); behind (c)",
        "1 letter may be there twice now: sent, and not deleted (d)",
        "1 letter slipped out of hand, and nothing was done: e",
        "7 letters not begun: g, h, i, j, k and 2 more",
    ]
    assert not outcome.complete
    assert outcome.settled == 1205


def test_rounds_add_up() -> None:
    outcome = MoveReport(done=["a"], halted="interrupted")

    outcome.add(MoveReport(done=["b"], lost=["c"], halted="later"))

    assert (outcome.done, outcome.lost, outcome.halted) == (["a", "b"], ["c"], "interrupted")
