"""Letters in hand: nobody else sees them, and none is kept from others for longer than it is worked with."""

from pubsub_tasks.errors import SettleFailed
from pubsub_tasks.redrive.leased_letters import VISIBILITY
from pubsub_tasks.wire.records import EntryFailure
from tests.redrive.queues import SOMEBODY_ELSE_S, Room


def test_what_is_in_hand_nobody_else_sees_until_it_is_put_back() -> None:
    room = Room()
    room.put("a", "b")

    records = room.leased.receive(10, 0)
    assert sorted(record.body for record in records) == ["a", "b"]
    assert room.seen_by_others() == []

    assert room.leased.release() == 0
    assert sorted(room.seen_by_others()) == ["a", "b"]
    assert len(room.leased) == 0


def test_a_lease_is_extended_for_as_long_as_it_is_wanted() -> None:
    room = Room()
    room.put("a")
    (record,) = room.leased.receive(1, 0)

    for _ in range(10):
        room.clock.advance(VISIBILITY / 2)
        room.leased.renew()

    assert room.leased.is_leased(record)
    assert room.seen_by_others() == []


def test_a_lease_that_has_time_left_is_not_extended() -> None:
    room = Room()
    room.put("a")
    room.leased.receive(1, 0)
    room.clock.advance(VISIBILITY / 2 - 1)

    room.leased.renew()

    assert room.letters.calls == []


def test_a_call_that_fails_is_made_up_for_at_the_next_turn() -> None:
    room = Room()
    room.put("a")
    (record,) = room.leased.receive(1, 0)
    room.letters.told["change_visibility"] = [SettleFailed("throttled")]
    room.clock.advance(VISIBILITY / 2)

    room.leased.renew()
    room.leased.renew()
    room.clock.advance(VISIBILITY / 2 + 1)

    assert room.leased.is_leased(record)


def test_a_lease_that_ran_out_is_noticed_without_asking() -> None:
    room = Room()
    room.put("a")
    (record,) = room.leased.receive(1, 0)

    room.clock.advance(VISIBILITY - 10)

    assert not room.leased.is_leased(record)


def test_what_somebody_else_received_is_ours_no_more() -> None:
    # Given a letter whose lease nobody kept, received by somebody else
    room = Room()
    room.put("a")
    (record,) = room.leased.receive(1, 0)
    room.clock.advance(VISIBILITY + 1)
    room.letters.queue.receive(1, 0, 600)

    # When
    room.leased.renew()

    # Then it is neither ours nor put back over the other's head
    assert not room.leased.is_leased(record)
    assert room.leased.release() == 0
    assert room.seen_by_others() == []


def test_a_letter_that_comes_again_is_not_given_twice_and_its_last_receipt_counts() -> None:
    room = Room()
    room.put("a")
    (record,) = room.leased.receive(1, 0)
    room.clock.advance(VISIBILITY + 1)

    assert room.leased.receive(1, 0) == []

    assert room.leased.is_leased(record)
    assert room.leased.delete([record]) == [None]
    assert room.seen_by_others() == []


def test_what_was_deleted_is_neither_extended_nor_put_back() -> None:
    room = Room()
    room.put("a")
    (record,) = room.leased.receive(1, 0)
    room.leased.delete([record])
    room.letters.calls.clear()

    room.clock.advance(VISIBILITY / 2)
    room.leased.renew()
    room.leased.release()

    assert room.letters.calls == []


def test_deleting_what_is_not_in_hand_is_a_loss_told() -> None:
    room = Room()
    room.put("a", "b")
    first, second = room.leased.receive(2, 0)
    room.leased.release([first])

    lost, deleted = room.leased.delete([first, second])

    assert lost is not None
    assert lost.lost
    assert deleted is None
    assert room.seen_by_others() == [first.body]


def test_a_delete_that_came_too_late_is_told_even_where_sqs_says_yes() -> None:
    room = Room()
    room.put("a")
    (record,) = room.leased.receive(1, 0)
    room.clock.advance(VISIBILITY)

    (late,) = room.leased.delete([record])

    assert late is not None
    assert late.lost
    assert late.message == "its lease expired before the delete"


def test_nothing_is_extended_once_the_block_has_ended() -> None:
    room = Room()
    room.put("a")
    with room.leased.renewing():
        room.leased.receive(1, 0)
    room.clock.advance(VISIBILITY / 2)

    room.leased.renew()

    assert room.letters.calls == []


def test_the_receipt_of_a_lease_that_ran_out_is_not_used_to_put_back() -> None:
    room = Room()
    room.put("a")
    room.leased.receive(1, 0)
    room.clock.advance(VISIBILITY)

    room.leased.release()

    assert room.letters.calls == []


def test_an_answer_about_an_old_receipt_says_nothing_of_the_new_one() -> None:
    # Given a letter that comes again while its old lease is being extended
    room = Room()
    room.put("a")
    (record,) = room.leased.receive(1, 0)
    room.clock.advance(VISIBILITY)

    def comes_again(entry: object) -> EntryFailure:
        room.leased.receive(1, 0)
        return SOMEBODY_ELSE_S

    room.letters.told["change_visibility"] = [comes_again]

    # When the old lease is refused
    room.leased.renew()

    # Then the new one is still ours
    assert room.leased.is_leased(record)


def test_what_cannot_be_put_back_is_counted() -> None:
    room = Room()
    room.put(*map(str, range(12)))
    room.leased.receive(10, 0)
    room.leased.receive(10, 0)
    room.letters.told["change_visibility"] = [SettleFailed("gone"), lambda entry: SOMEBODY_ELSE_S]

    assert room.leased.release() == 10


def test_a_thread_keeps_them_while_the_block_runs() -> None:
    # Given leased that look after leases many times a second
    room = Room()
    room.put("a")
    room.leased._visibility = 1
    room.leased.receive(1, 0)
    extended = room.stop
    room.letters.told["change_visibility"] = [lambda entry: extended.set()]

    # When time passes while the block runs
    with room.leased.renewing():
        room.clock.advance(0.6)
        super(type(extended), extended).wait(30)

    # Then the lease was extended
    assert extended.is_set()
