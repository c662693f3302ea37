from pubsub_tasks.redrive.native_move import move
from pubsub_tasks.wire.records import MoveTaskStatus
from tests.redrive.queues import Room


def dead(room: Room, *bodies: str) -> None:
    """Let SQS itself move messages with these bodies to the dead-letter queue."""
    room.put_into_source(*bodies)
    for record in room.records(room.source):
        assert record
    assert room.records(room.source) == []


def test_sqs_moves_what_it_moved_itself_and_tells_how_far_it_came() -> None:
    room = Room(receives=1)
    dead(room, "a", "b", "c")
    told: list[MoveTaskStatus] = []

    made = move(room.letters.queue, None, 1, room.stop, told.append)

    assert (made.status, made.moved, made.to_move) == ("COMPLETED", 3, 3)
    assert [step.moved for step in told] == [0, 1, 2]
    assert sorted(room.seen_by_others(room.source)) == ["a", "b", "c"]


def test_a_wish_to_stop_cancels_it() -> None:
    room = Room(receives=1)
    dead(room, "a", "b", "c")

    made = move(room.letters.queue, None, 1, room.stop, lambda step: room.stop.set() if step.moved else None)

    assert (made.status, made.moved) == ("CANCELLED", 2)
    assert len(room.seen_by_others(room.source)) == 2


def test_what_sqs_did_not_move_fails_it() -> None:
    room = Room(receives=1)
    room.put("a")

    made = move(room.letters.queue, None, None, room.stop, lambda step: None)

    assert (made.status, made.failure) == ("FAILED", "CouldNotDetermineMessageSource")
