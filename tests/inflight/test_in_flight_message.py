"""Held: when a lease is worth keeping, and how a delivery in hand is told in a log."""

import pytest

from pubsub_tasks.inflight.in_flight_message import Limits, State
from tests.inflight.in_flight_messages import make_message


@pytest.mark.parametrize("state", [state for state in State if state is not State.GONE])
def test_a_lease_is_kept_until_the_delivery_is_settled(state):
    member = make_message()
    member.state = state
    assert member.renewable

    member.command_sent = True
    assert not member.renewable


def test_not_when_it_is_lost_or_gone():
    lost, gone = make_message(), make_message()
    lost.lease.lost = True
    gone.state = State.GONE

    assert not lost.renewable
    assert not gone.renewable


def test_it_says_who_it_is_and_where_it_stands():
    assert repr(make_message("m-1")) == "<InFlightMessage m-1 ready>"


def test_slots_are_of_both_kinds():
    assert Limits(threads=3, coroutines=4).slots == 7
