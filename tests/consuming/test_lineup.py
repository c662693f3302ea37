"""Lineup: who waits, for what, and who may start next."""

from pubsub_tasks.consuming.held import Kind, State
from pubsub_tasks.consuming.lineup import Lineup
from tests.consuming.holding import held, several


def joined(*members):
    lineup = Lineup()
    for member in members:
        lineup.join(member)
    return lineup


def taken(lineup, kind=Kind.THREAD):
    member = lineup.take(kind)
    if member is not None:
        member.state = State.RUNNING
    return member


def test_on_a_standard_queue_all_may_start_in_the_order_received():
    members = several(3)
    lineup = joined(*members)

    assert lineup.ready(Kind.THREAD) == 3
    assert [taken(lineup) for _ in range(4)] == [*members, None]
    assert lineup.waiting == 0


def test_each_kind_of_slot_has_a_line_of_its_own():
    thread, coroutine = held("t"), held("c", kind=Kind.COROUTINE)
    lineup = joined(coroutine, thread)

    assert taken(lineup) is thread
    assert taken(lineup) is None
    assert taken(lineup, Kind.COROUTINE) is coroutine


def test_of_a_group_one_may_start_and_the_next_when_it_is_done():
    first, second, other = held("1", group="g"), held("2", group="g"), held("3", group="h")
    lineup = joined(first, second, other)

    assert [taken(lineup) for _ in range(3)] == [first, other, None]
    assert lineup.waiting == 1

    lineup.leave(first)
    assert taken(lineup) is second
    assert lineup.waiting == 0


def test_a_parked_head_holds_its_group_and_starts_when_it_is_due_for_another_attempt():
    first, second = several(2, group="g")
    lineup = joined(first, second)
    lineup.park(taken(lineup), 10.0)

    assert lineup.wake_at() == 10.0
    assert lineup.waiting == 2
    lineup.unpark(9.9)
    assert taken(lineup) is None

    lineup.unpark(10.0)
    assert taken(lineup) is first
    assert first.delivery.attempt == 2
    assert lineup.wake_at() is None


def test_who_is_withdrawn_takes_along_those_behind():
    members = several(3, group="g")
    lineup = joined(*members)

    assert lineup.withdraw(members[1]) == [members[2]]
    assert lineup.waiting == 0

    # And the head leaves nobody behind
    lineup.leave(taken(lineup))
    assert taken(lineup) is None


def test_a_ready_one_that_is_withdrawn_is_not_started():
    members = several(2)
    lineup = joined(*members)

    assert lineup.withdraw(members[0]) == []
    assert [taken(lineup), taken(lineup)] == [members[1], None]


def test_a_parked_one_that_is_withdrawn_does_not_come_back():
    member = held(group="g")
    lineup = joined(member)
    lineup.park(taken(lineup), 10.0)

    lineup.withdraw(member)
    member.state = State.LETTING_GO
    lineup.unpark(11.0)

    assert taken(lineup) is None
    assert member.delivery.attempt == 1
    assert lineup.waiting == 0


def test_whoever_parks_twice_is_started_once():
    member = held(group="g")
    lineup = joined(member)
    lineup.park(taken(lineup), 10.0)
    lineup.unpark(10.0)
    lineup.park(taken(lineup), 20.0)
    lineup.unpark(30.0)

    assert [taken(lineup), taken(lineup)] == [member, None]
