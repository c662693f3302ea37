"""InFlight: stories of single messages. Arbitrary orders of events are in tests/properties."""

import pytest

from pubsub_tasks.in_flight.commands import (
    ChangeVisibility,
    Delete,
    ExtendLeases,
    ReportLostLeases,
    SendToDeadLetters,
)
from pubsub_tasks.in_flight.in_flight_message import IllegalMove, Limits, SlotKind
from pubsub_tasks.in_flight.state_machine import InFlight
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Release, Retry
from tests.in_flight.in_flight_messages import make_message, make_messages


def receiving(*members, now=0.0, **limits):
    inflight = InFlight(Limits(**limits))
    inflight.credit.poll_started(10)
    inflight.received(list(members), 10, now)
    return inflight


def start(inflight, now=0.0):
    return inflight.start(SlotKind.THREAD, now)


def settled(inflight, command, now=0.0):
    inflight.settled(command.messages, now)
    return inflight


@pytest.mark.parametrize("verdict", [Ack(), Drop("unwanted")])
def test_handled_messages_are_deleted_in_batches(verdict):
    members = make_messages(10)
    inflight = receiving(*members)
    for _ in members:
        inflight.finished(start(inflight), verdict, 0.0)

    (command,) = inflight.commands(0.0)

    assert command == Delete(members)
    assert settled(inflight, command).idle


def test_a_failed_message_is_made_invisible_until_its_retry_and_occupies_no_slot():
    (member,) = make_messages(1)
    inflight = receiving(member, threads=1, prefetch=0)
    inflight.finished(start(inflight), Retry(60.0), 0.0)

    assert inflight.commands(0.0) == [ChangeVisibility([member])]
    assert member.visibility_timeout == 60
    assert inflight.next_poll_size() == 1


def test_a_dead_letter_is_deleted_once_its_copy_is_confirmed():
    (member,) = make_messages(1)
    inflight = receiving(member)
    inflight.finished(start(inflight), DeadLetter("failed"), 0.0)
    assert inflight.commands(0.0) == [SendToDeadLetters([member])]

    # Given the copy could not be sent, then it is sent again and nothing is deleted
    inflight.settle_failed([member], 0.0)
    assert inflight.commands(1.0) == [SendToDeadLetters([member])]

    inflight.dead_lettered([member], 1.0)
    assert inflight.commands(2.0) == [Delete([member])]


def test_a_failed_delete_is_tried_again_and_the_lease_is_extended_meanwhile():
    (member,) = make_messages(1)
    inflight = receiving(member)
    inflight.finished(start(inflight), Ack(), 0.0)
    inflight.commands(0.1)
    inflight.settle_failed([member], 0.1)

    now = inflight.wake_at()
    assert inflight.commands(now) == [Delete([member])]
    inflight.settle_failed([member], 15.0)
    assert ExtendLeases([(member, 30)]) in inflight.commands(15.0)


def test_a_lost_lease_is_reported_and_the_message_is_deleted_after_success():
    (member,) = make_messages(1)
    inflight = receiving(member)
    start(inflight)

    assert inflight.commands(30.0) == [ReportLostLeases([member])]
    assert member.lease.lost

    inflight.finished(member, Ack(), 31.0)
    assert inflight.commands(32.0) == [Delete([member])]


@pytest.mark.parametrize("verdict", [Retry(5.0), DeadLetter("failed")])
def test_without_its_lease_a_message_is_left_to_another_consumer(verdict):
    (member,) = make_messages(1)
    inflight = receiving(member)
    start(inflight)

    inflight.finished(member, verdict, 30.0)

    assert inflight.commands(30.0) == [ReportLostLeases([member])]
    assert inflight.idle


def test_a_message_whose_lease_expired_unnoticed_is_not_started():
    inflight = receiving(*make_messages(2))

    assert start(inflight, 30.0) is None
    assert inflight.idle


def test_an_extension_answered_too_late_does_not_revive_a_lease():
    (member,) = make_messages(1)
    inflight = receiving(member)
    start(inflight)
    (extend,) = inflight.commands(15.0)
    inflight.commands(30.0)

    inflight.extended(extend.extensions, 15.0, 31.0)

    assert member.lease.lost
    assert inflight.commands(60.0) == []


def test_a_lease_rejected_after_the_delete_is_not_reported():
    (member,) = make_messages(1)
    inflight = receiving(member)
    start(inflight)
    inflight.commands(15.0)
    inflight.finished(member, Ack(), 15.0)
    (command,) = inflight.commands(15.1)
    inflight.settled(command.messages, 15.1)

    inflight.expired_on_extend([member], 15.2)

    assert inflight.commands(16.0) == []


def test_on_a_fifo_queue_a_short_wait_is_parked_and_followers_wait_with_it():
    first, second = make_messages(2, group="g")
    inflight = receiving(first, second)
    inflight.finished(start(inflight), Retry(7.0), 0.0)
    assert inflight.commands(6.9) == []
    assert start(inflight, 6.9) is None

    inflight.commands(7.0)

    assert start(inflight, 7.0) is first
    assert first.delivery.attempt == 2
    assert start(inflight, 7.0) is None


def test_a_long_wait_is_spent_in_the_queue_and_followers_are_released():
    first, second = make_messages(2, group="g")
    inflight = receiving(first, second)
    inflight.finished(start(inflight), Retry(901.0), 0.0)

    assert inflight.commands(0.0) == [ChangeVisibility([second, first])]
    assert (second.visibility_timeout, first.visibility_timeout) == (0, 901)
    assert second.verdict == Release()


def test_a_dead_lettered_head_frees_its_group_when_the_copy_is_confirmed():
    first, second = make_messages(2, group="g")
    inflight = receiving(first, second)
    inflight.finished(start(inflight), DeadLetter("failed"), 0.0)
    inflight.commands(0.0)
    assert start(inflight) is None

    inflight.dead_lettered([first], 0.0)
    assert start(inflight) is second


def test_followers_of_a_dead_lettered_head_whose_lease_expired_are_released():
    first, second = make_message("1", group="g"), make_message("2", group="g", visibility=60.0)
    inflight = receiving(first, second)
    inflight.finished(start(inflight), DeadLetter("failed"), 0.0)
    inflight.commands(0.0)

    inflight.dead_lettered([first], 31.0)

    assert start(inflight, 31.0) is None
    assert second.verdict == Release()


def finish(inflight, member, verdict=None):
    assert start(inflight) is member
    inflight.finished(member, verdict or Ack(), 0.0)


def test_a_follower_starts_when_its_head_is_handled_and_is_deleted_when_its_head_is_deleted():
    first, second, other = *make_messages(2, group="g"), make_message("other", group="h")
    inflight = receiving(first, second, other, threads=3)
    finish(inflight, first)
    finish(inflight, other)
    finish(inflight, second)

    (command,) = inflight.commands(0.1)
    assert command == Delete([first, other])

    inflight.settled(command.messages, 0.2)
    assert inflight.commands(0.2) == [Delete([second])]


def test_a_follower_is_not_deleted_while_deleting_its_head_fails():
    first, second = make_messages(2, group="g")
    inflight = receiving(first, second)
    finish(inflight, first)
    finish(inflight, second)
    for _ in range(5):
        (command,) = inflight.commands(now := inflight.wake_at())
        assert command == Delete([first])
        inflight.settle_failed([first], now)


def test_a_follower_is_dead_lettered_when_its_dead_lettered_head_is_deleted():
    first, second = make_messages(2, group="g")
    inflight = receiving(first, second)
    finish(inflight, first, DeadLetter("failed"))
    assert inflight.commands(0.0) == [SendToDeadLetters([first])]
    inflight.dead_lettered([first], 0.0)
    finish(inflight, second, DeadLetter("failed"))

    assert inflight.commands(0.1) == [Delete([first])]
    inflight.settled([first], 0.2)
    assert inflight.commands(0.2) == [SendToDeadLetters([second])]


def test_followers_are_given_back_in_order_when_the_delete_of_their_head_is_rejected():
    # Given a head whose delete is under way, and followers that are handled, running and waiting
    first, handled, running, waiting = make_messages(4, group="g")
    inflight = receiving(first, handled, running, waiting)
    finish(inflight, first)
    finish(inflight, handled)
    assert start(inflight) is running
    inflight.commands(0.1)

    # When SQS rejects the receipt handle of the head, which is therefore received again
    inflight.expired_on_settle([first], 0.2)

    # Then all followers are received again after it, and none is deleted
    assert inflight.commands(0.2)[0] == ChangeVisibility([handled, waiting])
    inflight.finished(running, Ack(), 0.3)
    assert inflight.commands(0.3) == [ChangeVisibility([running])]
    assert [member.visibility_timeout for member in (handled, waiting, running)] == [0, 0, 0]


def test_followers_are_not_deleted_when_the_lease_of_their_head_expires_before_its_delete():
    first, second = make_message("1", group="g"), make_message("2", group="g", visibility=60.0)
    inflight = receiving(first, second)
    finish(inflight, first)
    finish(inflight, second)
    inflight.commands(0.1)
    inflight.settle_failed([first], 29.9)

    commands = inflight.commands(30.0)

    assert ChangeVisibility([second]) in commands
    assert ReportLostLeases([first]) in commands


def test_draining_flushes_the_deletes_of_a_group_in_order():
    members = make_messages(3, group="g")
    inflight = receiving(*members)
    for member in members:
        finish(inflight, member)

    inflight.drain(0.0)

    for member in members:
        assert inflight.commands(0.0) == [Delete([member])]
        inflight.settled([member], 0.0)
    assert inflight.idle


def test_no_more_of_a_group_starts_after_its_handler_was_abandoned():
    first, second, third = make_messages(3, group="g")
    inflight = receiving(first, second, threads=2)
    inflight.abandoned(start(inflight), Retry(5.0), 0.0)

    inflight.credit.poll_started(1)
    inflight.received([third], 1, 0.0)

    assert start(inflight) is None
    assert inflight.commands(0.0) == [ChangeVisibility([second, first])]


def test_draining_gives_back_only_unstarted_messages():
    running, waiting = make_messages(2)
    parked, behind = make_messages(2, group="g")
    inflight = receiving(parked, running, waiting, behind)
    inflight.finished(start(inflight), Retry(60.0), 0.0)
    start(inflight)

    inflight.drain(10.0)

    (command,) = [each for each in inflight.commands(10.0) if isinstance(each, ChangeVisibility)]
    assert {member: member.visibility_timeout for member in command.messages} == {
        waiting: 0,
        behind: 0,
        parked: 50,
    }
    assert inflight.next_poll_size() == 0
    assert start(inflight, 10.0) is None


def test_messages_received_while_draining_are_given_back():
    inflight = InFlight(Limits())
    inflight.credit.poll_started(10)
    inflight.drain(0.0)
    assert not inflight.idle

    members = make_messages(2)
    inflight.received(members, 10, 0.0)

    (command,) = inflight.commands(0.0)
    assert command == ChangeVisibility(members)
    assert settled(inflight, command).idle


def test_pending_settlements_stop_receiving():
    inflight = InFlight(Limits(threads=1))
    for _ in range(100):
        inflight.credit.poll_started(10)
        inflight.received(make_messages(10), 10, 0.0)
        while (member := start(inflight)) is not None:
            inflight.finished(member, Ack(), 0.0)

    assert inflight.next_poll_size() == 0


def test_illegal_moves_raise_and_change_nothing():
    (member,) = make_messages(1)
    inflight = receiving(member)

    for move in (
        lambda: inflight.finished(member, Ack(), 0.0),
        lambda: inflight.abandoned(member, Retry(1.0), 0.0),
        lambda: inflight.settled([member], 0.0),
        lambda: inflight.dead_lettered([member], 0.0),
        lambda: inflight.settle_failed([member], 0.0),
        lambda: inflight.expired_on_settle([member], 0.0),
    ):
        with pytest.raises(IllegalMove):
            move()

    assert start(inflight) is member
    inflight.finished(member, Ack(), 0.0)
    with pytest.raises(IllegalMove, match="<InFlightMessage m0 deleting> is not running"):
        inflight.finished(member, Ack(), 0.0)


VERDICTS = [Ack(), Retry(60.0), DeadLetter("failed"), Drop("unwanted")]
ANSWERS = ["never", "settle_failed", "refused"]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: type(verdict).__name__)
@pytest.mark.parametrize("group", [None, "one group"])
def test_the_number_in_flight_is_bounded_whatever_call_fails(verdict, answer, group):
    # Given a full queue, quick handlers, and settlements and extensions that fail or are never answered
    inflight = InFlight(Limits(threads=8, visibility=30))
    now, most, boxed = 0.0, 0, 0
    for _ in range(3_000):
        now += 0.05
        while asked := inflight.next_poll_size():
            inflight.credit.poll_started(asked)
            members = [make_message(group=group, received_at=now) for _ in range(asked)]
            inflight.received(members, asked, now)
        while member := start(inflight, now):
            inflight.finished(member, verdict, now)
        for command in inflight.commands(now):
            if isinstance(command, ReportLostLeases) or answer == "never":
                continue
            if isinstance(command, ExtendLeases):
                inflight.extend_failed([each for each, _ in command.extensions], now)
                continue
            refused = answer == "refused" and isinstance(command, SendToDeadLetters)
            inflight.settle_failed(command.messages, now, refused=refused)
        most, boxed = max(most, len(inflight)), max(boxed, len(inflight._settlements))

    # Then no more messages are in flight than allowed
    assert most <= inflight.credit.unsettled_limit + inflight.credit.waiting_limit
    assert boxed <= inflight.credit.unsettled_limit + inflight.credit.waiting_limit


def test_a_dead_letter_that_is_refused_repeatedly_goes_back_to_its_queue():
    (member,) = make_messages(1)
    inflight, now = receiving(member), 0.0
    inflight.finished(start(inflight), DeadLetter("failed"), now)

    for _ in range(4):
        now = max(now, inflight.wake_at())
        assert inflight.commands(now) == [SendToDeadLetters([member])]
        inflight.settle_failed([member], now, refused=True)

    assert inflight.commands(now) == [ChangeVisibility([member])]
    assert 900 <= member.visibility_timeout <= 901
    assert settled(inflight, ChangeVisibility([member])).idle


def test_a_refused_dead_letter_without_a_lease_is_left_to_another_consumer():
    (member,) = make_messages(1)
    inflight = receiving(member)
    inflight.finished(start(inflight), DeadLetter("failed"), 0.0)
    inflight.commands(0.0)

    inflight.settle_failed([member], 31.0, refused=True)

    assert [type(command) for command in inflight.commands(31.0)] == [ReportLostLeases]
    assert inflight.idle
