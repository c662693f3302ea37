"""Commands: those about the same messages are different values."""

import pytest

from pubsub_tasks.in_flight.commands import ChangeVisibility, Delete, ReportLostLeases, SendToDeadLetters
from tests.in_flight.in_flight_messages import make_message


@pytest.mark.parametrize("other", [ChangeVisibility, ReportLostLeases, SendToDeadLetters])
def test_a_delete_is_equal_to_no_other_command_about_the_same_messages(other):
    messages = [make_message("a")]

    assert Delete(messages) == Delete(messages)
    assert Delete(messages) != other(messages)
