from pubsub_tasks.dead_letters.move_report import MoveProblem, MoveReport


def test_all_done_is_one_line() -> None:
    report = MoveReport(done=["a"])

    assert report.complete
    assert list(report.lines("redrove")) == ["redrove 1 letter"]


def test_letters_that_were_not_moved_are_listed_by_cause() -> None:
    report = MoveReport(
        done=list(map(str, range(1200))),
        kept=[MoveProblem("a", "too large"), MoveProblem("b", "too large"), MoveProblem("c", "behind")],
        doubled=[MoveProblem("d", "sent, and not deleted")],
        lost=["e"],
        left=list("ghijklm"),
        halted="interrupted",
    )

    assert list(report.lines("redrove")) == [
        "stopped early: interrupted",
        "redrove 1,200 letters",
        "3 letters not moved, still in the queue: too large (a, b); behind (c)",
        "1 letter may now exist twice: sent, and not deleted (d)",
        "1 letter not processed, lease expired: e",
        "7 letters not started: g, h, i, j, k and 2 more",
    ]
    assert not report.complete
    assert report.settled == 1205


def test_rounds_add_up() -> None:
    report = MoveReport(done=["a"], halted="interrupted")

    report.add(MoveReport(done=["b"], lost=["c"], halted="later"))

    assert (report.done, report.lost, report.halted) == (["a", "b"], ["c"], "interrupted")
