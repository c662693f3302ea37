"""What a handler raises to decide for itself."""

from datetime import timedelta

import pytest

from pubsub_tasks.signals import Discard, IgnoreMessage, Nack, Reject, SkipMessage, TTLExpired
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Retry


@pytest.mark.parametrize("signal", [SkipMessage("why"), IgnoreMessage("why")])
def test_a_declined_message_is_acknowledged_and_counted_apart(signal):
    assert signal.verdict == Ack(skipped=True)
    assert str(signal) == "why"


def test_a_nack_says_when_or_leaves_it_to_the_policy_and_may_say_why():
    soon, whenever = Nack(5, "not yet"), Nack(reason="not yet")

    assert soon.verdict == Retry(5, soon)
    assert whenever.verdict is None
    assert str(soon) == str(whenever) == "not yet"
    assert (str(Nack(1.5)), str(Nack())) == ("try again in 1.5 s", "try again")
    assert Nack(-1).verdict.after == 0
    assert Nack(timedelta(minutes=1)).verdict.after == 60


@pytest.mark.parametrize(
    ("signal", "reason"), [(Reject("why"), "rejected"), (TTLExpired("why"), "hops")], ids=repr
)
def test_what_was_dropped_in_that_family_is_a_dead_letter_here(signal, reason):
    assert signal.verdict == DeadLetter(reason, signal)


def test_only_a_discard_deletes():
    signal = Discard("why")

    assert signal.verdict == Drop("why", signal)
