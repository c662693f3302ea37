"""InFlightMessage: when its lease is renewable, and how it is represented."""

import pytest

from pubsub_tasks.in_flight.in_flight_message import Limits, State
from tests.in_flight.in_flight_messages import make_message


@pytest.mark.parametrize("state", [state for state in State if state is not State.GONE])
def test_a_lease_is_renewable_until_the_message_is_settled(state):
    member = make_message()
    member.state = state
    assert member.renewable

    member.command_sent = True
    assert not member.renewable


def test_a_lost_lease_or_a_message_that_is_gone_is_not_renewable():
    lost, gone = make_message(), make_message()
    lost.lease.lost = True
    gone.state = State.GONE

    assert not lost.renewable
    assert not gone.renewable


def test_the_representation_has_the_id_and_the_state():
    assert repr(make_message("m-1")) == "<InFlightMessage m-1 ready>"


def test_slots_count_threads_and_coroutines():
    assert Limits(threads=3, coroutines=4).slots == 7
