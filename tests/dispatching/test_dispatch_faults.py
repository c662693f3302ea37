"""Faults planted in dispatch, policy and dead letters, each with a story that detects it."""

from contextvars import copy_context

import pytest

from pubsub_tasks.dead_letters import dead_letter_attribute, dead_letter_copy, redriven_message
from pubsub_tasks.dispatching import dispatcher
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.dispatching.unknown_messages import UnknownMessages
from pubsub_tasks.tasks.retry_policy import RetryPolicy
from pubsub_tasks.verdicts import Ack, Drop
from tests.dead_letters import test_dead_letter_copy as letters
from tests.dispatching import test_dispatcher as stories


def acknowledges(*_, **__):
    return Ack()


def acknowledges_what_raised(self, call, clock, limit=None):
    try:
        return self.decide(call, self._call(call), None, clock())
    except BaseException:
        return Ack()


def describes_without_care(error):
    return str(error)


FAULTS = [
    (dispatcher, "verdict_on_unreadable", acknowledges, stories.test_what_cannot_be_read_is_a_dead_letter),
    (
        dispatcher,
        "verdict_on_error",
        acknowledges,
        stories.test_the_policy_limits_retry_signals,
    ),
    (
        dispatcher,
        "verdict_if_outdated",
        lambda *_: None,
        stories.test_a_message_with_too_many_hops_is_a_dead_letter,
    ),
    (
        dispatcher,
        "end_handling",
        lambda token: None,
        stories.test_publishes_of_a_handler_follow_from_its_message,
    ),
    (
        UnknownMessages,
        "verdict",
        lambda *_: Drop("unknown"),
        stories.test_an_unknown_type_is_a_dead_letter,
    ),
    (
        Dispatcher,
        "run",
        acknowledges_what_raised,
        stories.test_an_exception_outside_the_standard_hierarchy_does_not_end_the_worker,
    ),
    (
        RetryPolicy,
        "exhausted_before",
        lambda *_: False,
        stories.test_an_attempt_beyond_the_last_is_not_run_since_earlier_ones_crashed,
    ),
    (RetryPolicy, "_stops", lambda *_: False, stories.test_the_policy_limits_retry_signals),
    (
        RetryPolicy,
        "_wants",
        lambda *_: True,
        stories.test_the_last_attempt_is_exhausted_and_what_is_not_retried_has_failed,
    ),
    (dead_letter_copy, "own_attributes", lambda record: {}, letters.test_a_letter_replaces_an_earlier_one),
    (dead_letter_attribute, "_json_size", len, letters.test_the_copy_never_passes_the_limit_of_its_queue),
    (
        dead_letter_attribute,
        "_end",
        lambda value, room: value,
        letters.test_the_copy_never_passes_the_limit_of_its_queue,
    ),
    (
        dead_letter_copy,
        "_message",
        describes_without_care,
        letters.test_an_error_that_cannot_be_told_does_not_keep_the_letter,
    ),
    (dead_letter_copy, "_MAX_ID", 10_000_000, letters.test_an_endless_id_is_cut),
    (redriven_message, "MAX_ATTRIBUTES", 99, letters.test_ten_attributes_leave_no_place_for_a_waiver),
]


@pytest.mark.parametrize(
    ("owner", "name", "fault", "story"), FAULTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_planted_fault_is_caught(owner, name, fault, story, monkeypatch):
    story()
    monkeypatch.setattr(owner, name, fault)

    with pytest.raises((AssertionError, AttributeError, RuntimeError)):
        copy_context().run(story)  # a copy, so that the fault affects no other test
