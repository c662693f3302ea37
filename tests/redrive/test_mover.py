"""Whatever fails on the way, no letter is lost, and what may be there twice is told."""

from typing import Any

import pytest

from pubsub_tasks.dead_letters.move_item import MoveItem
from pubsub_tasks.dead_letters.move_report import MoveReport
from pubsub_tasks.dead_letters.redriven_message import redrive_copy
from pubsub_tasks.errors import ConfigurationError, SettleFailed
from pubsub_tasks.redrive.browse import browse
from pubsub_tasks.redrive.leased_letters import VISIBILITY
from pubsub_tasks.redrive.mover import MAX_ATTEMPTS, Mover
from pubsub_tasks.wire.records import Outgoing
from tests.redrive.queues import FOR_GOOD, FOR_NOW, SOMEBODY_ELSE_S, QueuePair


def redrive_items(queues: QueuePair) -> list[MoveItem]:
    """What is to be done to redrive each letter that is seen; its body is its name."""
    browsed = browse(queues.leased, 1000, queues.stop)
    records = [letter.record for letter in browsed.letters]
    return [
        MoveItem(
            record.body,
            record,
            redrive_copy(record, fifo=queues.fifo, size_limit=1_048_576),
            record.group_id if queues.fifo else None,
        )
        for record in records
    ]


def move(queues: QueuePair, items: list[MoveItem], **known: Any) -> MoveReport:
    mover = Mover(queues.leased, queues.source, stop=queues.stop, clock=queues.clock, **known)  # type: ignore[arg-type]
    return mover.run(items)


def after(queues: QueuePair) -> tuple[list[str], list[str]]:
    """Bodies in the source queue and in the dead-letter queue, once everything was put back."""
    queues.leased.release()
    return sorted(queues.visible_bodies(queues.source)), sorted(queues.visible_bodies())


def refused(*bodies: str, failure: Any = FOR_GOOD) -> Any:
    return lambda entry: failure if getattr(entry, "body", None) in bodies else None


def test_redriven_letters_arrive_and_leave_their_queue() -> None:
    queues = QueuePair()
    queues.put(*map(str, range(12)))
    told: list[int] = []

    report = move(queues, redrive_items(queues), on_progress=told.append)

    assert report.complete
    assert sorted(report.done) == sorted(map(str, range(12)))
    assert after(queues) == (sorted(map(str, range(12))), [])
    assert told == [10, 12]


def test_a_letter_is_sent_before_it_is_deleted() -> None:
    queues = QueuePair()
    queues.put("a")
    queues.source.calls = queues.letters.calls

    move(queues, redrive_items(queues))

    assert queues.letters.calls == [("send", 1), ("delete", 1)]


def test_a_letter_refused_for_good_stays_and_the_others_move() -> None:
    queues = QueuePair()
    queues.put("a", "b", "c")
    queues.source.script["send"] = [refused("b")]

    report = move(queues, redrive_items(queues))

    assert after(queues) == (["a", "c"], ["b"])
    ((problem),) = report.kept
    assert (problem.id, problem.why) == ("b", "not sent: InvalidMessageContents: never")


def test_a_letter_refused_for_now_is_retried_alone_after_a_wait() -> None:
    queues = QueuePair()
    queues.put("a", "b", "c")
    queues.source.script["send"] = [refused("b", failure=FOR_NOW), refused("b", failure=FOR_NOW)]

    report = move(queues, redrive_items(queues))

    assert report.complete
    assert after(queues) == (["a", "b", "c"], [])
    assert queues.source.calls == [("send", 3), ("send", 1), ("send", 1)]
    assert queues.stop.waits == [0.5, 1.0]


def test_a_letter_refused_at_every_attempt_stays() -> None:
    queues = QueuePair()
    queues.put("a", "b")
    queues.source.script["send"] = [refused("b", failure=FOR_NOW)] * MAX_ATTEMPTS

    report = move(queues, redrive_items(queues))

    assert after(queues) == (["a"], ["b"])
    assert [problem.id for problem in report.kept] == ["b"]


def test_a_failed_delete_is_retried_without_sending_again() -> None:
    queues = QueuePair()
    queues.put("a", "b")
    queues.letters.script["delete"] = [SettleFailed("reset"), lambda entry: FOR_NOW]

    report = move(queues, redrive_items(queues))

    assert report.complete
    assert after(queues) == (["a", "b"], [])
    assert queues.source.calls == [("send", 2)]


@pytest.mark.parametrize(
    "told",
    [
        [SettleFailed("reset", code="ConnectionClosed")] * MAX_ATTEMPTS,
        [lambda entry: FOR_NOW] * MAX_ATTEMPTS,
        [lambda entry: FOR_GOOD],
    ],
)
def test_a_letter_sent_but_not_deleted_is_reported_as_doubled(told: list[Any]) -> None:
    queues = QueuePair()
    queues.put("a")
    queues.letters.script["delete"] = told

    report = move(queues, redrive_items(queues))

    assert after(queues) == (["a"], ["a"])
    ((problem),) = report.doubled
    assert problem.id == "a"
    assert problem.why.startswith("sent, and not deleted: ")


def test_on_fifo_the_same_letter_redriven_again_arrives_once() -> None:
    # Given a letter that was sent, and then not deleted
    queues = QueuePair(fifo=True)
    queues.put("a")
    queues.letters.script["delete"] = [lambda entry: FOR_GOOD]
    move(queues, redrive_items(queues))
    queues.leased.release()

    # When it is redriven again
    assert move(queues, redrive_items(queues)).complete

    # Then
    assert after(queues) == (["a"], [])


def test_an_unconfirmed_send_ends_the_move_and_deletes_nothing() -> None:
    # Given a wire that fails at the second batch
    queues = QueuePair()
    queues.put(*(f"{number:02}" for number in range(25)))
    queues.source.script["send"] = [lambda entry: None, SettleFailed("connection reset")]

    report = move(queues, redrive_items(queues))

    sent, kept = after(queues)
    assert len(sent) == len(report.done) == 10
    assert len(kept) == 15
    assert len(report.doubled) == 10
    assert report.doubled[0].why == "its send was not confirmed: connection reset"
    assert len(report.left) == 5
    assert report.halted == "connection reset"


def test_credentials_that_expire_end_the_move() -> None:
    queues = QueuePair()
    queues.put("a")
    queues.source.script["send"] = [ConfigurationError("no AWS credentials")]

    report = move(queues, redrive_items(queues))

    assert report.halted == "no AWS credentials"
    assert after(queues) == ([], ["a"])


def test_a_letter_whose_lease_expired_is_not_sent() -> None:
    queues = QueuePair()
    queues.put("a")
    items = redrive_items(queues)
    queues.clock.advance(VISIBILITY)

    report = move(queues, items)

    assert report.lost == ["a"]
    assert queues.source.calls == []
    assert after(queues) == ([], ["a"])


def test_a_lease_lost_between_send_and_delete_is_reported_as_doubled() -> None:
    queues = QueuePair()
    queues.put("a")
    queues.letters.script["delete"] = [lambda entry: SOMEBODY_ELSE_S]

    report = move(queues, redrive_items(queues))

    assert [problem.id for problem in report.doubled] == ["a"]
    assert queues.visible_bodies(queues.source) == ["a"]


def test_nothing_overtakes_a_letter_of_its_fifo_group_that_was_not_sent() -> None:
    queues = QueuePair(fifo=True)
    queues.put("a1", "a2", "a3", "b1", "b2")
    queues.source.script["send"] = [refused("a1")]

    report = move(queues, redrive_items(queues))

    assert after(queues) == (["b1", "b2"], ["a1", "a2", "a3"])
    assert [(problem.id, problem.why) for problem in report.kept][1:] == [
        ("a2", "behind a letter of its message group that was not moved"),
        ("a3", "behind a letter of its message group that was not moved"),
    ]


def test_a_fifo_group_is_redriven_in_order() -> None:
    queues = QueuePair(fifo=True)
    queues.put("a1", "b1", "a2", "a3")

    move(queues, redrive_items(queues))

    assert [body for body in queues.visible_bodies(queues.source) if body.startswith("a")] == [
        "a1",
        "a2",
        "a3",
    ]


def test_stop_takes_effect_between_batches() -> None:
    queues = QueuePair()
    queues.put(*(f"{number:02}" for number in range(25)))

    report = move(queues, redrive_items(queues), on_progress=lambda settled: queues.stop.set())

    sent, kept = after(queues)
    assert (len(report.done), len(report.left)) == (len(sent), len(kept)) == (10, 15)
    assert report.halted == "interrupted"
    assert not report.kept
    assert not report.doubled


@pytest.mark.parametrize(("method", "doubled"), [("send", 10), ("delete", 10)])
def test_an_interrupt_in_the_middle_of_a_batch_is_reported(method: str, doubled: int) -> None:
    # Given somebody who presses Ctrl-C twice
    queues = QueuePair()
    queues.put(*(f"{number:02}" for number in range(15)))
    script = queues.source.script if method == "send" else queues.letters.script
    script[method] = [KeyboardInterrupt()]

    report = move(queues, redrive_items(queues))

    assert len(report.doubled) == doubled
    assert len(report.left) == 5
    assert report.halted == "interrupted in the middle of a batch"
    assert len(after(queues)[1]) == 15


def test_the_rate_is_not_exceeded() -> None:
    queues = QueuePair()
    queues.put(*map(str, range(6)))
    started = queues.clock()

    move(queues, redrive_items(queues), rate=2)

    assert queues.source.calls == [("send", 2)] * 3
    assert queues.clock() - started == 2


def test_a_rate_below_one_a_second_waits_between_letters() -> None:
    queues = QueuePair()
    queues.put("a", "b", "c")
    started = queues.clock()

    move(queues, redrive_items(queues), rate=0.5)

    assert queues.source.calls == [("send", 1)] * 3
    assert queues.clock() - started == 4


def test_dropping_deletes_and_sends_nothing() -> None:
    queues = QueuePair()
    queues.put("a", "b")
    items = [MoveItem(item.id, item.record) for item in redrive_items(queues)]

    report = Mover(queues.leased, None, stop=queues.stop, clock=queues.clock).run(items)

    assert sorted(report.done) == ["a", "b"]
    assert after(queues) == ([], [])


def test_letters_that_cannot_be_dropped_stay_and_lost_ones_are_reported() -> None:
    queues = QueuePair()
    queues.put("a", "b")
    items = [MoveItem(item.id, item.record) for item in redrive_items(queues)]
    answers = [FOR_GOOD, SOMEBODY_ELSE_S]
    queues.letters.script["delete"] = [lambda entry: answers.pop(0)]

    report = Mover(queues.leased, None, stop=queues.stop, clock=queues.clock).run(items)

    assert [problem.id for problem in report.kept] == [items[0].id]
    assert report.lost == [items[1].id]
    assert report.done == []


def test_importing_sends_and_deletes_nothing() -> None:
    queues = QueuePair()

    report = Mover(None, queues.letters, stop=queues.stop, clock=queues.clock).run(  # type: ignore[arg-type]
        [MoveItem("line 1", outgoing=Outgoing("a"))]
    )

    assert report.done == ["line 1"]
    assert queues.visible_bodies() == ["a"]


def test_nothing_overtakes_a_letter_of_its_fifo_group_that_was_not_deleted() -> None:
    # Given two groups, and a letter that is sent and cannot be deleted
    queues = QueuePair(fifo=True)
    queues.put("a1", "a2", "b1", "b2")
    items = redrive_items(queues)
    handle = next(item.record.receipt_handle for item in items if item.record and item.id == "a1")
    queues.letters.script["delete"] = [lambda entry: FOR_NOW if entry == handle else None] * MAX_ATTEMPTS

    # When they are redriven
    report = move(queues, items)

    # Then a2 stays behind a1, since a1 would come again after it
    assert [problem.id for problem in report.doubled] == ["a1"]
    assert [problem.id for problem in report.kept] == ["a2"]
    assert sorted(report.done) == ["b1", "b2"]
