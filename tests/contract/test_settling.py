"""What is deleted is gone, what is extended stays hidden, and who no longer holds a message is told so."""

import pytest

from pubsub_tasks.errors import SettleFailed
from pubsub_tasks.wire.records import Outgoing, Sent
from tests.contract.environments import Environment, bodies, by_body, receive, send


def test_a_deleted_message_never_comes_back(environment: Environment) -> None:
    queue = environment.queue(VisibilityTimeout="1")
    send(queue, "done", "not done")
    records = by_body(receive(queue))

    assert queue.delete([records["done"].receipt_handle]) == [None]

    assert bodies(environment.receive_after(queue, 1)) == ["not done"]


def test_ten_are_deleted_in_one_call(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, *"abcdefghij")

    assert queue.delete([record.receipt_handle for record in receive(queue)]) == [None] * 10

    assert queue.attributes().in_flight == 0


def test_deleting_twice_is_no_failure(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "hello")
    (record,) = receive(queue)

    assert queue.delete([record.receipt_handle]) == [None]
    assert queue.delete([record.receipt_handle]) == [None]


def test_an_invalid_handle_fails_alone_and_is_a_lost_lease(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "hello")
    (record,) = receive(queue)

    bad, good = queue.delete(["no handle of yours", record.receipt_handle])

    assert good is None
    assert bad is not None
    assert bad.code.endswith("ReceiptHandleIsInvalid")
    assert bad.lost
    assert not bad.retriable


def test_visibility_zero_releases_a_message_at_once(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "hello")
    (record,) = receive(queue)

    assert queue.change_visibility([(record.receipt_handle, 0)]) == [None]

    (again,) = receive(queue)
    assert again.receive_count == 2


def test_extended_visibility_outlasts_the_first(environment: Environment) -> None:
    # Given a message in flight for a second, and another that ends the long poll
    queue = environment.queue()
    send(queue, "mine", "other")
    records = by_body(receive(queue, visibility=1))

    # When one of them is extended
    assert queue.change_visibility([(records["mine"].receipt_handle, 60)]) == [None]

    # Then only the other is seen once the second has passed
    assert bodies(environment.receive_after(queue, 1)) == ["other"]


def test_each_change_has_its_own_time(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "soon", "late")
    records = by_body(receive(queue))

    queue.change_visibility([(records["soon"].receipt_handle, 0), (records["late"].receipt_handle, 60)])

    assert bodies(receive(queue)) == ["soon"]


def test_extending_what_is_back_in_the_queue_is_a_lost_lease(environment: Environment) -> None:
    environment.lacks("stale_handles", "a handle works for ever, and MessageNotInflight is never told")
    queue = environment.queue()
    send(queue, "hello")
    (record,) = receive(queue)
    queue.change_visibility([(record.receipt_handle, 0)])

    (failure,) = queue.change_visibility([(record.receipt_handle, 60)])

    assert failure is not None
    assert failure.lost
    assert not failure.retriable


def test_the_old_handle_cannot_extend_or_release_anothers_message(environment: Environment) -> None:
    environment.lacks("stale_handles", "it releases the new holder's message")
    # Given a message that went to another receiver
    queue = environment.queue()
    send(queue, "hello")
    (mine,) = receive(queue)
    queue.change_visibility([(mine.receipt_handle, 0)])
    (theirs,) = receive(queue)

    # When its first receiver gives it back
    (failure,) = queue.change_visibility([(mine.receipt_handle, 0)])

    # Then that fails, and the other still has it
    assert failure is not None
    assert failure.lost
    assert receive(queue) == []
    assert queue.delete([theirs.receipt_handle]) == [None]


def test_the_old_handle_does_not_delete_anothers_message(environment: Environment) -> None:
    environment.lacks("stale_handles", "it deletes the new holder's message")
    queue = environment.queue()
    send(queue, "hello")
    (mine,) = receive(queue)
    queue.change_visibility([(mine.receipt_handle, 0)])
    (theirs,) = receive(queue)

    # The call may well succeed on a standard queue; the message stays
    queue.delete([mine.receipt_handle])

    queue.change_visibility([(theirs.receipt_handle, 0)])
    assert bodies(receive(queue)) == ["hello"]


def test_the_old_handle_fails_to_delete_on_a_fifo_queue(environment: Environment) -> None:
    environment.lacks("stale_handles", "it deletes the message")
    queue = environment.queue(fifo=True)
    send(queue, "hello", group_id="g", deduplication_id="d")
    (record,) = receive(queue)
    queue.change_visibility([(record.receipt_handle, 0)])

    (failure,) = queue.delete([record.receipt_handle])

    assert failure is not None
    assert failure.lost
    assert bodies(receive(queue)) == ["hello"]


def test_visibility_ends_twelve_hours_after_the_receive(environment: Environment) -> None:
    if environment.clock is None:
        pytest.skip("http, moto: real time cannot be turned by two hours")
    queue = environment.queue()
    send(queue, "hello")
    (record,) = receive(queue)
    environment.clock.advance(20)
    queue.change_visibility([(record.receipt_handle, 7_200)])
    environment.clock.advance(7_180)

    # Two hours are gone: ten are left, and not a second more
    (over,) = queue.change_visibility([(record.receipt_handle, 36_001)])
    (within,) = queue.change_visibility([(record.receipt_handle, 36_000)])

    assert over is not None
    assert over.code.endswith("InvalidParameterValue")
    assert over.lost
    assert within is None


def test_twelve_hours_are_counted_from_each_receive(environment: Environment) -> None:
    environment.lacks("visibility_cap", "counted from the send")
    queue = environment.queue()
    send(queue, "hello")
    receive(queue, visibility=1)

    (again,) = environment.receive_after(queue, 1)

    assert queue.change_visibility([(again.receipt_handle, 43_190)]) == [None]


def test_a_change_over_twelve_hours_is_refused(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "hello")
    (record,) = receive(queue)

    (failure,) = queue.change_visibility([(record.receipt_handle, 43_201)])

    assert failure is not None
    assert not failure.retriable


def test_a_sent_batch_is_answered_entry_by_entry(environment: Environment) -> None:
    queue = environment.queue()

    answers = queue.send([Outgoing("a"), Outgoing("b")])

    ids = [answer.message_id for answer in answers if isinstance(answer, Sent)]
    found = by_body(receive(queue))
    assert ids == [found["a"].message_id, found["b"].message_id]


def test_settling_on_a_missing_queue_fails_the_call(environment: Environment) -> None:
    missing = environment.transport.queue(environment.queue().url + "-gone")

    with pytest.raises(SettleFailed, match="-gone") as caught:
        missing.delete(["whatever"])

    assert caught.value.code == "AWS.SimpleQueueService.NonExistentQueue"
