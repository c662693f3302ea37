"""Letters in hand: nobody else sees them, and none is kept from others for longer than it is worked with."""

from pubsub_tasks.errors import SettleFailed
from pubsub_tasks.redrive.leased_letters import VISIBILITY
from pubsub_tasks.wire.records import EntryFailure
from tests.redrive.queues import SOMEBODY_ELSE_S, QueuePair


def test_leased_letters_are_invisible_to_others_until_released() -> None:
    queues = QueuePair()
    queues.put("a", "b")

    records = queues.leased.receive(10, 0)
    assert sorted(record.body for record in records) == ["a", "b"]
    assert queues.visible_bodies() == []

    assert queues.leased.release() == 0
    assert sorted(queues.visible_bodies()) == ["a", "b"]
    assert len(queues.leased) == 0


def test_a_lease_can_be_renewed_again_and_again() -> None:
    queues = QueuePair()
    queues.put("a")
    (record,) = queues.leased.receive(1, 0)

    for _ in range(10):
        queues.clock.advance(VISIBILITY / 2)
        queues.leased.renew()

    assert queues.leased.is_leased(record)
    assert queues.visible_bodies() == []


def test_a_lease_with_most_of_its_time_left_is_not_renewed() -> None:
    queues = QueuePair()
    queues.put("a")
    queues.leased.receive(1, 0)
    queues.clock.advance(VISIBILITY / 2 - 1)

    queues.leased.renew()

    assert queues.letters.calls == []


def test_a_failed_renewal_is_repeated_at_the_next_turn() -> None:
    queues = QueuePair()
    queues.put("a")
    (record,) = queues.leased.receive(1, 0)
    queues.letters.script["change_visibility"] = [SettleFailed("throttled")]
    queues.clock.advance(VISIBILITY / 2)

    queues.leased.renew()
    queues.leased.renew()
    queues.clock.advance(VISIBILITY / 2 + 1)

    assert queues.leased.is_leased(record)


def test_an_expired_lease_is_recognized_without_a_call() -> None:
    queues = QueuePair()
    queues.put("a")
    (record,) = queues.leased.receive(1, 0)

    queues.clock.advance(VISIBILITY - 10)

    assert not queues.leased.is_leased(record)


def test_a_letter_that_another_consumer_received_is_no_longer_leased() -> None:
    # Given a letter whose lease nobody kept, received by somebody else
    queues = QueuePair()
    queues.put("a")
    (record,) = queues.leased.receive(1, 0)
    queues.clock.advance(VISIBILITY + 1)
    queues.letters.queue.receive(1, 0, 600)

    # When
    queues.leased.renew()

    # Then it is neither ours nor put back over the other's head
    assert not queues.leased.is_leased(record)
    assert queues.leased.release() == 0
    assert queues.visible_bodies() == []


def test_a_letter_received_again_is_returned_once_and_its_last_receipt_handle_is_used() -> None:
    queues = QueuePair()
    queues.put("a")
    (record,) = queues.leased.receive(1, 0)
    queues.clock.advance(VISIBILITY + 1)

    assert queues.leased.receive(1, 0) == []

    assert queues.leased.is_leased(record)
    assert queues.leased.delete([record]) == [None]
    assert queues.visible_bodies() == []


def test_a_deleted_letter_is_neither_renewed_nor_released() -> None:
    queues = QueuePair()
    queues.put("a")
    (record,) = queues.leased.receive(1, 0)
    queues.leased.delete([record])
    queues.letters.calls.clear()

    queues.clock.advance(VISIBILITY / 2)
    queues.leased.renew()
    queues.leased.release()

    assert queues.letters.calls == []


def test_deleting_a_letter_that_is_not_leased_is_reported_as_lost() -> None:
    queues = QueuePair()
    queues.put("a", "b")
    first, second = queues.leased.receive(2, 0)
    queues.leased.release([first])

    lost, deleted = queues.leased.delete([first, second])

    assert lost is not None
    assert lost.lost
    assert deleted is None
    assert queues.visible_bodies() == [first.body]


def test_a_delete_after_the_lease_expired_is_reported_as_lost_even_if_sqs_accepts_it() -> None:
    queues = QueuePair()
    queues.put("a")
    (record,) = queues.leased.receive(1, 0)
    queues.clock.advance(VISIBILITY)

    (late,) = queues.leased.delete([record])

    assert late is not None
    assert late.lost
    assert late.message == "its lease expired before the delete"


def test_nothing_is_renewed_after_the_block_ended() -> None:
    queues = QueuePair()
    queues.put("a")
    with queues.leased.renewing():
        queues.leased.receive(1, 0)
    queues.clock.advance(VISIBILITY / 2)

    queues.leased.renew()

    assert queues.letters.calls == []


def test_an_expired_receipt_handle_is_not_used_for_release() -> None:
    queues = QueuePair()
    queues.put("a")
    queues.leased.receive(1, 0)
    queues.clock.advance(VISIBILITY)

    queues.leased.release()

    assert queues.letters.calls == []


def test_an_answer_for_an_old_receipt_handle_does_not_change_the_new_lease() -> None:
    # Given a letter that comes again while its old lease is being extended
    queues = QueuePair()
    queues.put("a")
    (record,) = queues.leased.receive(1, 0)
    queues.clock.advance(VISIBILITY)

    def comes_again(entry: object) -> EntryFailure:
        queues.leased.receive(1, 0)
        return SOMEBODY_ELSE_S

    queues.letters.script["change_visibility"] = [comes_again]

    # When the old lease is refused
    queues.leased.renew()

    # Then the new one is still ours
    assert queues.leased.is_leased(record)


def test_letters_that_cannot_be_released_are_counted() -> None:
    queues = QueuePair()
    queues.put(*map(str, range(12)))
    queues.leased.receive(10, 0)
    queues.leased.receive(10, 0)
    queues.letters.script["change_visibility"] = [SettleFailed("gone"), lambda entry: SOMEBODY_ELSE_S]

    assert queues.leased.release() == 10


def test_a_thread_renews_leases_while_the_block_runs() -> None:
    # Given leased that look after leases many times a second
    queues = QueuePair()
    queues.put("a")
    queues.leased._visibility = 1
    queues.leased.receive(1, 0)
    extended = queues.stop
    queues.letters.script["change_visibility"] = [lambda entry: extended.set()]

    # When time passes while the block runs
    with queues.leased.renewing():
        queues.clock.advance(0.6)
        super(type(extended), extended).wait(30)

    # Then the lease was extended
    assert extended.is_set()
