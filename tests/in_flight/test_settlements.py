"""PendingSettlements: each settlement is under way once, and is due again after a failure."""

import pytest

from pubsub_tasks.in_flight.commands import ChangeVisibility, Delete, SendToDeadLetters
from pubsub_tasks.in_flight.in_flight_message import IllegalMove, State
from pubsub_tasks.in_flight.settlements import PendingSettlements
from pubsub_tasks.wire.records import MAX_VISIBILITY
from tests.in_flight.in_flight_messages import make_message, make_messages


def settlements():
    return PendingSettlements(0.1, lambda: 0.5)


def put(box, member, state, now=0.0):
    member.state = state
    box.put(member, now)
    return member


def test_each_message_is_settled_as_its_state_says():
    box = settlements()
    gone = put(box, make_message("a"), State.DELETING)
    away = put(box, make_message("b"), State.CHANGING_VISIBILITY)
    dead = put(box, make_message("c"), State.SENDING_TO_DEAD_LETTERS)

    assert box.take(0.0, everything=False) == [ChangeVisibility([away]), SendToDeadLetters([dead])]
    assert box.take(0.1, everything=False) == [Delete([gone])]
    assert all(member.command_sent for member in (gone, away, dead))


def test_deletes_are_sent_in_batches():
    box = settlements()
    members = make_messages(10)
    for member in members:
        assert not box.deletes.full
        put(box, member, State.DELETING)

    assert box.deletes.full
    assert box.take(0.0, everything=False) == [Delete(members)]


def test_a_failed_settlement_is_retried_with_a_growing_back_off():
    box = settlements()
    member = put(box, make_message(), State.SENDING_TO_DEAD_LETTERS)
    waits = []
    now = 0.0
    for _ in range(4):
        assert box.take(now, everything=True) == [SendToDeadLetters([member])]
        box.answered([member])
        box.put_back(member, now)
        waits.append(box.wake_at() - now)
        now = box.wake_at()

    assert waits == sorted(set(waits))
    assert len(box) == 1


def test_a_visibility_change_waits_for_an_extension_under_way():
    box = settlements()
    member = put(box, make_message(), State.CHANGING_VISIBILITY)
    member.extending = True
    assert box.take(0.0, everything=True) == []

    member.extending = False
    assert box.take(box.wake_at(), everything=True) == [ChangeVisibility([member])]


@pytest.mark.parametrize(
    ("due_at", "now", "seconds"),
    [(0.0, 0.0, 0), (0.2, 0.0, 1), (5.0, 0.0, 5), (5.0, 0.1, 5), (60.0, 50.0, 10), (60.0, 70.0, 0)],
)
def test_the_visibility_timeout_counts_from_when_the_command_is_taken(due_at, now, seconds):
    box = settlements()
    member = put(box, make_message(), State.CHANGING_VISIBILITY)
    member.due_at = due_at

    box.take(now, everything=False)

    assert member.visibility_timeout == seconds


def test_rounding_errors_do_not_add_a_second():
    now = 1234567.1
    member = make_message(received_at=now)
    member.due_at = now + 7.0
    box = settlements()
    put(box, member, State.CHANGING_VISIBILITY, now)

    box.take(now, everything=True)

    assert member.visibility_timeout == 7


def test_the_visibility_timeout_is_capped_at_twelve_hours_from_the_receive():
    member = make_message(visibility=MAX_VISIBILITY)
    member.due_at = 1e6
    box = settlements()
    put(box, member, State.CHANGING_VISIBILITY)

    box.take(40_000.0, everything=True)

    assert MAX_VISIBILITY - 40_000 - 15 <= member.visibility_timeout <= MAX_VISIBILITY - 40_000


def test_a_message_that_is_gone_meanwhile_is_left_out():
    box = settlements()
    member, other = (
        put(box, make_message("a"), State.SENDING_TO_DEAD_LETTERS),
        put(box, make_message("b"), State.SENDING_TO_DEAD_LETTERS),
    )
    member.state = State.GONE

    assert box.take(0.0, everything=False) == [SendToDeadLetters([other])]


def test_an_unexpected_answer_raises_and_changes_nothing():
    box = settlements()
    sent, unsent = put(box, make_message("a"), State.SENDING_TO_DEAD_LETTERS), make_message("b")
    box.take(0.0, everything=False)

    with pytest.raises(IllegalMove, match="<InFlightMessage b ready> expects no such answer"):
        box.answered([sent, unsent])
    with pytest.raises(IllegalMove):
        box.answered([sent], State.DELETING)
    assert sent.command_sent

    box.answered([sent], State.SENDING_TO_DEAD_LETTERS)
    assert not sent.command_sent
