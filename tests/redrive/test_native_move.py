from pubsub_tasks.redrive.native_move import move
from pubsub_tasks.wire.records import MoveTaskStatus
from tests.redrive.queues import QueuePair


def dead(queues: QueuePair, *bodies: str) -> None:
    """Let SQS itself move messages with these bodies to the dead-letter queue."""
    queues.send_to_source(*bodies)
    for record in queues.records(queues.source):
        assert record
    assert queues.records(queues.source) == []


def test_sqs_moves_letters_natively_and_reports_progress() -> None:
    queues = QueuePair(receives=1)
    dead(queues, "a", "b", "c")
    told: list[MoveTaskStatus] = []

    made = move(queues.letters.queue, None, 1, queues.stop, told.append)

    assert (made.status, made.moved, made.to_move) == ("COMPLETED", 3, 3)
    assert [step.moved for step in told] == [0, 1, 2]
    assert sorted(queues.visible_bodies(queues.source)) == ["a", "b", "c"]


def test_stop_cancels_the_native_move() -> None:
    queues = QueuePair(receives=1)
    dead(queues, "a", "b", "c")

    made = move(
        queues.letters.queue, None, 1, queues.stop, lambda step: queues.stop.set() if step.moved else None
    )

    assert (made.status, made.moved) == ("CANCELLED", 2)
    assert len(queues.visible_bodies(queues.source)) == 2


def test_a_letter_that_sqs_did_not_move_here_fails_the_native_move() -> None:
    queues = QueuePair(receives=1)
    queues.put("a")

    made = move(queues.letters.queue, None, None, queues.stop, lambda step: None)

    assert (made.status, made.failure) == ("FAILED", "CouldNotDetermineMessageSource")
