"""Whatever fails on the way, no letter is lost, and what may be there twice is told."""

from typing import Any

import pytest

from pubsub_tasks.dead_letters.move_item import MoveItem
from pubsub_tasks.dead_letters.move_report import MoveReport
from pubsub_tasks.dead_letters.resending import redrive_copy
from pubsub_tasks.errors import ConfigurationError, SettleFailed
from pubsub_tasks.redrive.browse import browse
from pubsub_tasks.redrive.leased_letters import VISIBILITY
from pubsub_tasks.redrive.mover import MAX_ATTEMPTS, Mover
from pubsub_tasks.wire.records import Outgoing
from tests.redrive.queues import FOR_GOOD, FOR_NOW, SOMEBODY_ELSE_S, Room


def redrive_items(room: Room) -> list[MoveItem]:
    """What is to be done to redrive each letter that is seen; its body is its name."""
    browsed = browse(room.leased, 1000, room.stop)
    records = [letter.record for letter in browsed.letters]
    return [
        MoveItem(
            record.body,
            record,
            redrive_copy(record, fifo=room.fifo, size_limit=1_048_576),
            record.group_id if room.fifo else None,
        )
        for record in records
    ]


def move(room: Room, items: list[MoveItem], **known: Any) -> MoveReport:
    mover = Mover(room.leased, room.source, stop=room.stop, clock=room.clock, **known)  # type: ignore[arg-type]
    return mover.run(items)


def after(room: Room) -> tuple[list[str], list[str]]:
    """Bodies in the source queue and in the dead-letter queue, once everything was put back."""
    room.leased.release()
    return sorted(room.seen_by_others(room.source)), sorted(room.seen_by_others())


def refused(*bodies: str, failure: Any = FOR_GOOD) -> Any:
    return lambda entry: failure if getattr(entry, "body", None) in bodies else None


def test_letters_go_back_and_leave_their_queue() -> None:
    room = Room()
    room.put(*map(str, range(12)))
    told: list[int] = []

    outcome = move(room, redrive_items(room), on_progress=told.append)

    assert outcome.complete
    assert sorted(outcome.done) == sorted(map(str, range(12)))
    assert after(room) == (sorted(map(str, range(12))), [])
    assert told == [10, 12]


def test_it_is_sent_before_it_is_deleted() -> None:
    room = Room()
    room.put("a")
    room.source.calls = room.letters.calls

    move(room, redrive_items(room))

    assert room.letters.calls == [("send", 1), ("delete", 1)]


def test_one_that_is_refused_for_good_stays_and_its_neighbours_go() -> None:
    room = Room()
    room.put("a", "b", "c")
    room.source.told["send"] = [refused("b")]

    outcome = move(room, redrive_items(room))

    assert after(room) == (["a", "c"], ["b"])
    ((trouble),) = outcome.kept
    assert (trouble.id, trouble.why) == ("b", "not sent: InvalidMessageContents: never")


def test_one_that_is_refused_for_now_goes_a_little_later_and_alone() -> None:
    room = Room()
    room.put("a", "b", "c")
    room.source.told["send"] = [refused("b", failure=FOR_NOW), refused("b", failure=FOR_NOW)]

    outcome = move(room, redrive_items(room))

    assert outcome.complete
    assert after(room) == (["a", "b", "c"], [])
    assert room.source.calls == [("send", 3), ("send", 1), ("send", 1)]
    assert room.stop.waits == [0.5, 1.0]


def test_one_that_is_refused_again_and_again_stays() -> None:
    room = Room()
    room.put("a", "b")
    room.source.told["send"] = [refused("b", failure=FOR_NOW)] * MAX_ATTEMPTS

    outcome = move(room, redrive_items(room))

    assert after(room) == (["a"], ["b"])
    assert [trouble.id for trouble in outcome.kept] == ["b"]


def test_a_delete_is_tried_again_and_nothing_is_sent_twice() -> None:
    room = Room()
    room.put("a", "b")
    room.letters.told["delete"] = [SettleFailed("reset"), lambda entry: FOR_NOW]

    outcome = move(room, redrive_items(room))

    assert outcome.complete
    assert after(room) == (["a", "b"], [])
    assert room.source.calls == [("send", 2)]


@pytest.mark.parametrize(
    "told",
    [
        [SettleFailed("reset", code="ConnectionClosed")] * MAX_ATTEMPTS,
        [lambda entry: FOR_NOW] * MAX_ATTEMPTS,
        [lambda entry: FOR_GOOD],
    ],
)
def test_one_that_was_sent_and_not_deleted_is_there_twice_and_told(told: list[Any]) -> None:
    room = Room()
    room.put("a")
    room.letters.told["delete"] = told

    outcome = move(room, redrive_items(room))

    assert after(room) == (["a"], ["a"])
    ((trouble),) = outcome.doubled
    assert trouble.id == "a"
    assert trouble.why.startswith("sent, and not deleted: ")


def test_on_fifo_the_same_letter_redriven_again_arrives_once() -> None:
    # Given a letter that was sent, and then not deleted
    room = Room(fifo=True)
    room.put("a")
    room.letters.told["delete"] = [lambda entry: FOR_GOOD]
    move(room, redrive_items(room))
    room.leased.release()

    # When it is redriven again
    assert move(room, redrive_items(room)).complete

    # Then
    assert after(room) == (["a"], [])


def test_a_send_that_nobody_confirmed_ends_the_work_and_deletes_nothing() -> None:
    # Given a wire that fails at the second batch
    room = Room()
    room.put(*(f"{number:02}" for number in range(25)))
    room.source.told["send"] = [lambda entry: None, SettleFailed("connection reset")]

    outcome = move(room, redrive_items(room))

    sent, kept = after(room)
    assert len(sent) == len(outcome.done) == 10
    assert len(kept) == 15
    assert len(outcome.doubled) == 10
    assert outcome.doubled[0].why == "its send was not confirmed: connection reset"
    assert len(outcome.left) == 5
    assert outcome.halted == "connection reset"


def test_credentials_that_end_midway_end_the_work() -> None:
    room = Room()
    room.put("a")
    room.source.told["send"] = [ConfigurationError("no AWS credentials")]

    outcome = move(room, redrive_items(room))

    assert outcome.halted == "no AWS credentials"
    assert after(room) == ([], ["a"])


def test_a_letter_whose_lease_ran_out_is_not_sent() -> None:
    room = Room()
    room.put("a")
    items = redrive_items(room)
    room.clock.advance(VISIBILITY)

    outcome = move(room, items)

    assert outcome.lost == ["a"]
    assert room.source.calls == []
    assert after(room) == ([], ["a"])


def test_a_lease_that_is_lost_between_send_and_delete_is_a_doubled_letter() -> None:
    room = Room()
    room.put("a")
    room.letters.told["delete"] = [lambda entry: SOMEBODY_ELSE_S]

    outcome = move(room, redrive_items(room))

    assert [trouble.id for trouble in outcome.doubled] == ["a"]
    assert room.seen_by_others(room.source) == ["a"]


def test_on_fifo_nothing_passes_one_of_its_group_that_did_not_go() -> None:
    room = Room(fifo=True)
    room.put("a1", "a2", "a3", "b1", "b2")
    room.source.told["send"] = [refused("a1")]

    outcome = move(room, redrive_items(room))

    assert after(room) == (["b1", "b2"], ["a1", "a2", "a3"])
    assert [(trouble.id, trouble.why) for trouble in outcome.kept][1:] == [
        ("a2", "behind a letter of its message group that was not moved"),
        ("a3", "behind a letter of its message group that was not moved"),
    ]


def test_on_fifo_a_group_goes_back_in_its_order() -> None:
    room = Room(fifo=True)
    room.put("a1", "b1", "a2", "a3")

    move(room, redrive_items(room))

    assert [body for body in room.seen_by_others(room.source) if body.startswith("a")] == ["a1", "a2", "a3"]


def test_a_wish_to_stop_is_heeded_between_batches() -> None:
    room = Room()
    room.put(*(f"{number:02}" for number in range(25)))

    outcome = move(room, redrive_items(room), on_progress=lambda settled: room.stop.set())

    sent, kept = after(room)
    assert (len(outcome.done), len(outcome.left)) == (len(sent), len(kept)) == (10, 15)
    assert outcome.halted == "interrupted"
    assert not outcome.kept
    assert not outcome.doubled


@pytest.mark.parametrize(("method", "doubled"), [("send", 10), ("delete", 10)])
def test_an_interrupt_in_the_middle_of_a_batch_is_told_for_what_it_is(method: str, doubled: int) -> None:
    # Given somebody who presses Ctrl-C twice
    room = Room()
    room.put(*(f"{number:02}" for number in range(15)))
    told = room.source.told if method == "send" else room.letters.told
    told[method] = [KeyboardInterrupt()]

    outcome = move(room, redrive_items(room))

    assert len(outcome.doubled) == doubled
    assert len(outcome.left) == 5
    assert outcome.halted == "interrupted in the middle of a batch"
    assert len(after(room)[1]) == 15


def test_a_rate_is_kept() -> None:
    room = Room()
    room.put(*map(str, range(6)))
    started = room.clock()

    move(room, redrive_items(room), rate=2)

    assert room.source.calls == [("send", 2)] * 3
    assert room.clock() - started == 2


def test_a_rate_below_one_a_second_waits_between_letters() -> None:
    room = Room()
    room.put("a", "b", "c")
    started = room.clock()

    move(room, redrive_items(room), rate=0.5)

    assert room.source.calls == [("send", 1)] * 3
    assert room.clock() - started == 4


def test_dropping_deletes_and_sends_nothing() -> None:
    room = Room()
    room.put("a", "b")
    items = [MoveItem(item.id, item.record) for item in redrive_items(room)]

    outcome = Mover(room.leased, None, stop=room.stop, clock=room.clock).run(items)

    assert sorted(outcome.done) == ["a", "b"]
    assert after(room) == ([], [])


def test_what_cannot_be_dropped_stays_and_what_was_taken_is_told() -> None:
    room = Room()
    room.put("a", "b")
    items = [MoveItem(item.id, item.record) for item in redrive_items(room)]
    answers = [FOR_GOOD, SOMEBODY_ELSE_S]
    room.letters.told["delete"] = [lambda entry: answers.pop(0)]

    outcome = Mover(room.leased, None, stop=room.stop, clock=room.clock).run(items)

    assert [trouble.id for trouble in outcome.kept] == [items[0].id]
    assert outcome.lost == [items[1].id]
    assert outcome.done == []


def test_importing_sends_and_deletes_nothing() -> None:
    room = Room()

    outcome = Mover(None, room.letters, stop=room.stop, clock=room.clock).run(  # type: ignore[arg-type]
        [MoveItem("line 1", outgoing=Outgoing("a"))]
    )

    assert outcome.done == ["line 1"]
    assert room.seen_by_others() == ["a"]


def test_behind_a_letter_that_was_not_deleted_nothing_of_its_fifo_group_goes() -> None:
    # Given two groups, and a letter that is sent and cannot be deleted
    room = Room(fifo=True)
    room.put("a1", "a2", "b1", "b2")
    items = redrive_items(room)
    handle = next(item.record.receipt_handle for item in items if item.record and item.id == "a1")
    room.letters.told["delete"] = [lambda entry: FOR_NOW if entry == handle else None] * MAX_ATTEMPTS

    # When they are redriven
    outcome = move(room, items)

    # Then a2 stays behind a1, since a1 would come again after it
    assert [trouble.id for trouble in outcome.doubled] == ["a1"]
    assert [trouble.id for trouble in outcome.kept] == ["a2"]
    assert sorted(outcome.done) == ["b1", "b2"]
